"""The page of a rollout: well-formed, closed to the outside, with all that there is to see."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._rollout.page.document import page
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.report import report
from ansible_collections.tfserving.istio.tests.unit.support.rollouts import World, drive, plan

HOSTILE = "</style><script>alert(1)</script><img src='http://evil.example/x' onerror=\"alert(2)\">&amp;"
ABORTED = {"wishes": {150.0: ("abort", HOSTILE)}}


def shown(keys=None, longest=86_400.0, **world):
    return page(report(drive(plan(**(keys or {})), World(**world), longest)))


def tree(text):
    """The page as XML: void elements are closed, so that a tag that is left open is an error."""
    text = text.removeprefix("<!DOCTYPE html>\n")
    return ElementTree.fromstring(re.sub(r"(<meta [^>]*)>", r"\1/>", text))


def words(text):
    return " ".join("".join(tree(text).find("body").itertext()).split())


@pytest.mark.parametrize(
    ("world", "headline", "chip"),
    [
        ({}, "mnist: v2 has 100 percent of the traffic", "complete"),
        ({"errors": (0.2, 0.002)}, "mnist: v2 was aborted, the rule is v1:100 again", "aborted"),
        ({"wishes": {200.0: ("pause", "lunch")}}, "mnist: v2 is paused at 25 percent", "paused"),
        ({"longest": 60.0}, "mnist: v2 is at 5 percent, step 1 of 3", "holding"),
    ],
)
def test_the_headline_says_what_came_of_it(world, headline, chip):
    found = tree(shown(**world)).find("body/main/header")
    assert found.find("h1").text == headline
    assert found.find("p/span").text == chip


MIRROR = {"strategy": "mirror", "steps": [{"mirror": 25}, 100]}


def test_copies_are_told_as_what_they_are():
    text = shown(MIRROR, longest=60.0)
    assert tree(text).find("body/main/header/h1").text == "mnist: v2 gets copies of 25 percent, step 1 of 2"
    assert words(text).count("copies of 25 percent") == 4, "headline, line, steps and plan"
    paused = shown(MIRROR, wishes={60.0: ("pause", "lunch")})
    assert tree(paused).find("body/main/header/h1").text == "mnist: v2 is paused while it gets copies of 25 percent"


def test_the_reason_of_an_abort_stands_at_the_top():
    kept = drive(plan(), World(errors=(0.2, 0.002)))
    reason = tree(page(report(kept))).find("body/main/header/p[@class='reason']")
    assert reason.text == kept["state"]["reason"] and "success_rate" in reason.text


def test_every_line_and_verdict_is_on_it():
    kept = drive(plan(), World(errors=(0.2, 0.002)))
    text = words(page(report(kept)))
    for entry in kept["record"]:
        assert entry.get("line", "") in text
    for verdict in kept["state"]["verdicts"]:
        assert f"{verdict['gate']}: {verdict['reason']}" in text
    assert text.count("not reached") == 2
    assert 'predict {"instances": [[0.5]]}' in text and "answered" in text
    assert "VirtualService kubeflow/mnist-rule" in text and "v1:100 → v1:95:v2:5" in text
    assert 'istio_requests_total{destination_service=~"mnist-(v1|v2)"}[Ns]' in text
    assert "gate success_rate" in text and "objective 99" in text


def test_a_golden_request_that_failed_is_shown_with_its_answer():
    text = words(shown(refused="predictions[0] is 4, not 7"))
    assert "failed" in text and "through gateway Pod istio-system/gateway-1: predictions[0] is 4, not 7" in text


def test_charts_have_a_line_a_step_for_both_versions_and_a_mark_for_each_event():
    kept = drive(plan(), World())
    weight, success, slow = tree(page(report(kept))).iter("figure")
    events = sum("line" in entry for entry in kept["record"])
    assert len(weight.findall("div[@class='lane']/a")) == events
    for figure in (weight, success, slow):
        assert len([line for line in figure.iter("line") if line.get("class").startswith("at ")]) == events
    for figure in (success, slow):
        lines = [path.get("class") for path in figure.iter("path")]
        assert lines.count("candidate") == 3
        assert lines.count("baseline") == 2  # at 100 percent it has no requests
        assert [line.get("class") for line in figure.iter("line")].count("objective") == 1
        assert all(path.get("d").startswith("M") and "nan" not in path.get("d") for path in figure.iter("path"))


def test_where_nothing_was_counted_the_page_says_so():
    text = shown({"gates": [{"kind": "throughput", "floor": 0}]}, rate=0.0)
    assert "No requests were counted" in words(text)
    assert len(list(tree(text).iter("figure"))) == 1


@pytest.mark.parametrize("place", ["wish", "trouble", "golden", "label", "request", "patch", "query", "verdict"])
def test_what_comes_from_outside_is_text(place):
    keys = {"golden": [{"name": HOSTILE, "request": {HOSTILE: HOSTILE}, "latency": 1}]}
    kept = drive(plan(**keys), World(**(ABORTED if place == "wish" else {})), 200)
    looks = [entry for entry in kept["record"] if entry["action"] == "look"]
    if place == "trouble":
        looks[0]["line"] = f"look: {HOSTILE}; trying again"
    elif place == "golden":
        golden = {"request": HOSTILE, "through": HOSTILE, "seconds": 1.0, "problem": HOSTILE}
        kept["record"][2]["seen"]["golden"] = [golden]
    elif place == "patch":
        change = {"path": HOSTILE, "before": {HOSTILE: HOSTILE}, "after": HOSTILE}
        kept["record"][0]["seen"]["patches"] = [{"object": HOSTILE, "changes": [change]}]
    elif place == "query":
        looks[0]["seen"]["queries"] = [HOSTILE]
    elif place == "verdict":
        looks[-1]["verdicts"] = [
            {"gate": HOSTILE, "outcome": HOSTILE, "reason": HOSTILE, "numbers": {HOSTILE: HOSTILE}}
        ]
    found = tree(page(report(kept)))
    assert HOSTILE in "".join(found.find("body").itertext())
    for element in found.iter():
        assert element.tag not in ("script", "img", "link", "iframe", "object")
        assert not any(name.startswith("on") or name in ("src", "srcset", "data", "action") for name in element.attrib)
        assert (element.get("href") or "#").startswith("#")


def test_nothing_is_loaded_and_nothing_runs():
    text = shown()
    found = tree(text)
    policy = next(meta.get("content") for meta in found.iter("meta") if meta.get("http-equiv"))
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"
    assert (
        "<script" not in text
        and "@import" not in text
        and "url(" not in text
        and "http" not in text.replace("http-equiv", "")
    )


def test_it_follows_the_reader_s_scheme_width_and_paper():
    style = tree(shown()).find("head/style").text
    for rule in ("@media (prefers-color-scheme:dark)", "@media (max-width:", "@media print"):
        assert rule in style
    for name in set(re.findall(r"var\((--[a-z-]+)\)", style)):
        assert style.count(f"{name}:") == 3  # light, dark, paper


def test_a_long_rollout_makes_no_heavy_page():
    kept = drive(plan(gates=["success_rate"], interval=1, hold=900), World(rate=2.0), longest=4000)
    kept["record"] = [entry for entry in kept["record"] for _time in range(4) if entry["action"] == "look"][:8000]
    text = page(report(kept, replayed=False))
    assert len(text) < 120_000


def test_looks_that_were_left_out_are_told():
    kept = drive(plan(), World(), 300)
    kept["record"][12]["left_out"] = 1234
    assert "1,234 looks that decided nothing were left out" in words(page(report(kept)))


def test_a_replay_is_told():
    kept = drive(plan(), World())
    assert "the state machine makes the same decisions" in words(page(report(kept)))
    assert "Replayed" not in words(page(report(kept, replayed=False)))
    kept["state"]["phase"] = "aborted"
    assert "decides otherwise in 1 place" in words(page(report(kept)))
