from __future__ import annotations

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._spec.errors import (
    Collector,
    Problem,
    SpecError,
    did_you_mean,
    wrong,
)


def test_a_problem_is_seen_from_the_value_that_holds_it():
    problem = Problem("base_path", "is required").under("versions[0]").under("models[2]")
    assert str(problem) == "models[2].versions[0].base_path: is required"


def test_an_index_is_joined_without_a_dot():
    assert Problem("[1]", "bad").under("hosts").path == "hosts[1]"
    assert Problem("", "bad").under("name").path == "name"


def test_a_problem_without_a_place_is_its_message():
    assert str(Problem("", "bad")) == "bad"


def test_a_collector_keeps_every_problem_and_the_results_of_what_was_right():
    problems = Collector()

    def fail() -> int:
        raise SpecError(Problem("a", "one"), Problem("b", "two"))

    assert problems.run("x", lambda: 1) == 1
    assert problems.run("x", fail) is None
    problems.add("y", "three")
    with pytest.raises(SpecError) as error:
        problems.finish()
    assert str(error.value) == "x.a: one\nx.b: two\ny: three"


def test_a_collector_without_problems_ends_quietly():
    Collector().finish()


def test_a_hint_names_what_was_meant_or_what_there_is():
    assert did_you_mean("trafic", ["traffic", "hosts"]) == "did you mean traffic?"
    assert did_you_mean("zzz", ["traffic", "hosts"]) == "known are hosts, traffic"
    assert did_you_mean("zzz", []) == "known are none"


def test_one_value_is_one_problem():
    assert wrong("bad").problems == (Problem("", "bad"),)
