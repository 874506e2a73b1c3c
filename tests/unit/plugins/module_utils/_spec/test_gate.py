from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._spec.errors import SpecError
from ansible_collections.tfserving.istio.plugins.module_utils._spec.gate import (
    GATE,
    GATES,
    HIDDEN,
    KINDS,
    Gate,
    read_gate,
)
from ansible_collections.tfserving.istio.plugins.module_utils._spec.record import REQUIRED

LEAST: dict[str, dict[str, Any]] = {
    "success_rate": {},
    "latency": {},
    "throughput": {},
    "promql": {"query": "up", "at_least": 1},
    "webhook": {"url": "https://example.com/gate"},
    "command": {"argv": ["true"]},
    "approval": {},
}


def errors(value: Any) -> list[str]:
    with pytest.raises(SpecError) as error:
        GATE(value)
    return str(error.value).splitlines()


def test_every_kind_has_an_example_here():
    assert list(LEAST) == list(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_gate_has_the_defaults_of_its_kind_and_nothing_else(kind: str):
    gate = read_gate({"kind": kind, **LEAST[kind]})
    assert gate.name == kind
    for field in dataclasses.fields(Gate):
        default = KINDS[kind].get(field.name)
        if field.name not in ("kind", "name", *LEAST[kind]):
            assert default is not REQUIRED
            assert getattr(gate, field.name) == default


@pytest.mark.parametrize("kind", ["success_rate", "latency", "throughput", "approval"])
def test_the_kind_alone_is_a_gate(kind: str):
    assert GATE(kind) == GATE({"kind": kind})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("plain", [dataclasses.asdict, Gate.kept])
def test_a_gate_that_was_kept_is_read_as_the_same_gate(kind: str, plain: Any):
    gate = read_gate({"kind": kind, "name": "mine", **LEAST[kind]})
    assert read_gate(json.loads(json.dumps(plain(gate)))) == gate


def test_what_may_be_secret_is_not_kept():
    given = {"kind": "webhook", "url": "https://h/p?key=s3cret", "headers": {"Authorization": "Bearer s3cret"}}
    kept = read_gate(given).kept()
    assert "s3cret" not in json.dumps(kept)
    assert kept["headers"] == {"Authorization": HIDDEN}
    assert kept["url"] == f"https://h/p?{HIDDEN}"
    renewed = read_gate({**given, "headers": {"Authorization": "Bearer another"}})
    assert read_gate(kept).kept() == kept == renewed.kept()


def test_secrets_are_not_quoted_where_they_are_wrong():
    (message,) = errors({"kind": "webhook", "url": "https://h/", "headers": {"Authorization": 12345678}})
    assert message.startswith("headers.Authorization: is not a string")
    assert "12345678" not in message


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_of_another_kind_is_refused(kind: str):
    foreign = {"success_rate": {"boundary": 10}, "approval": {"timeout": 3}}.get(kind, {"against": ["objective"]})
    if kind == "latency":
        foreign = {"argv": ["true"]}
    (message,) = errors({"kind": kind, **LEAST[kind], **foreign})
    assert message.startswith(f"{next(iter(foreign))}: is no key of a gate of kind {kind}, which has ")


def test_what_is_missing():
    assert errors({}) == ["kind: is required"]
    assert errors({"kind": "promql"}) == ["query: is required"]
    assert errors({"kind": "promql", "query": "up"}) == ["at_least: is required, or at_most"]
    assert errors({"kind": "webhook"}) == ["url: is required"]
    assert errors({"kind": "command"}) == ["argv: is required"]


@pytest.mark.parametrize(
    ("value", "start"),
    [
        (5, "5 is not a mapping"),
        ("sucess_rate", "kind: 'sucess_rate' is not one of success_rate"),
        ({"kind": "success_rate", "objectiv": 1}, "objectiv: unknown key; did you mean objective?"),
        ({"kind": "success_rate", "objective": 0}, "objective: 0 is not a percent above 0"),
        ({"kind": "success_rate", "objective": 101}, "objective: 101 is not"),
        ({"kind": "success_rate", "objective": True}, "objective: True is not"),
        ({"kind": "success_rate", "objective": float("nan")}, "objective: nan is not"),
        ({"kind": "success_rate", "margin": 0}, "margin: 0 is not percent points"),
        ({"kind": "success_rate", "objective": 1, "margin": 1}, "margin: 1 leaves nothing of the objective 1"),
        ({"kind": "success_rate", "against": []}, "against: is empty"),
        ({"kind": "success_rate", "against": ["candidate"]}, "against[0]: 'candidate' is not one of"),
        ({"kind": "latency", "boundary": 0}, "boundary: 0 is not a number of milliseconds"),
        ({"kind": "throughput", "floor": -1}, "floor: -1 is not"),
        ({"kind": "promql", "query": " ", "at_least": 1}, "query: ' ' is not a PromQL expression"),
        ({"kind": "promql", "query": "up", "at_least": 2, "at_most": 1}, "at_least: 2 is more than at_most 1"),
        ({"kind": "promql", "query": "up", "at_least": 1, "failures": 0}, "failures: 0 is not"),
        ({"kind": "webhook", "url": "ftp://x"}, "url: 'ftp://x' is not a URL"),
        ({"kind": "webhook", "url": "https://a:b@x/"}, "url: has a user name in it"),
        ({"kind": "command", "argv": "rm -rf"}, "argv: 'rm -rf' is not a list"),
        ({"kind": "approval", "name": "a/b"}, "name: 'a/b' is not a name"),
    ],
)
def test_what_is_wrong(value: Any, start: str):
    (message,) = errors(value)
    assert message.startswith(start)


@pytest.mark.parametrize("query", ["x{a=~'b$'}", "$model $namespace ${candidate} $baseline $interval", "a$$b", "5$"])
def test_placeholders_that_there_are_and_dollars_that_are_none(query: str):
    assert read_gate({"kind": "promql", "query": query, "at_least": 0}).query == query


@pytest.mark.parametrize("query", ["$modle", "${__rate_interval}", "x[$__interval]"])
def test_a_placeholder_that_there_is_not(query: str):
    (message,) = errors({"kind": "promql", "query": query, "at_least": 0})
    assert "is no placeholder" in message


def test_numbers_as_templates_make_them():
    gate = read_gate({"kind": "success_rate", "objective": "99.9", "margin": "0.5"})
    assert (gate.objective, gate.margin) == (99.9, 0.5)


def test_names_of_gates_differ():
    assert [gate.name for gate in GATES(["success_rate", {"kind": "success_rate", "name": "strict"}])] == [
        "success_rate",
        "strict",
    ]
    with pytest.raises(SpecError, match=r"^\[1\].name: latency is the name of an earlier gate too; give each a name$"):
        GATES(["latency", {"kind": "latency", "boundary": 500}])
    with pytest.raises(SpecError, match=r"^\[1\].kind: "):
        GATES(["latency", "latenzy"])
