"""The evidence of a rollout on a real mesh: what was asked, answered, counted and written, and a replay of it."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from typing import Any

from test_rollout import GOLDEN, RATE, SUCCESS


def test_a_report_holds_what_happened(operator: Any, model: Any, traffic: Any, prometheus: Any, tmp_path: Path) -> None:
    both = model("v1", "v2", traffic="v1:100:v2:0")
    operator.model(both)
    slow = {"kind": "latency", "boundary": 250, "objective": 90, "margin": 9, "against": ["objective"]}
    plan = {"steps": [20, 100], "hold": 8, "interval": 1, "gates": [SUCCESS, slow]}
    (tmp_path / "golden.yml").write_text(json.dumps([GOLDEN]))
    golden = f"{{{{ lookup('ansible.builtin.file', '{tmp_path}/golden.yml') | from_yaml }}}}"
    with traffic(both, rate=RATE) as load:
        load.gather(20)
        done = operator.rollout(both, "v2", prometheus=prometheus, report_dir=str(tmp_path), golden=golden, **plan)
    load.assert_flawless()
    assert done["report_files"] == [str(tmp_path / "report.json"), str(tmp_path / "report.html")]
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["outcome"]["phase"] == "complete" and report["replay"] == []

    seen = [entry["seen"] for entry in report["record"]]
    rule = f"VirtualService {both['namespace']}/{both['name']}-rule"
    written = [patch for entry in seen for patch in entry.get("patches", ())]
    routes = [
        change
        for patch in written
        if patch["object"] == rule
        for change in patch["changes"]
        if change["path"] == "spec.http"
    ]
    assert len(routes) >= 3, "the previews, 20 percent and 100 percent"
    assert f"Service {both['namespace']}/{both['name']}" in {patch["object"] for patch in written}
    answered = [one for entry in seen for one in entry.get("golden", ())]
    assert answered and not any(one["problem"] for one in answered)
    windows = [entry["window"] for entry in seen if "window" in entry]
    assert windows[-1]["candidate"]["requests"] > 100 and windows[-1]["candidate"]["slow"].get("250") is not None
    looks = [entry for entry in report["record"] if entry["action"] == "look"]
    assert all(len(look["seen"]["queries"]) == 1 and "istio_request" in look["seen"]["queries"][0] for look in looks)
    shifts = [entry["at"] for entry in report["record"] if entry["action"] == "shift"]
    for begun, ended in itertools.pairwise(shifts):
        rounds = [look for look in looks if begun < look["at"] <= ended]
        assert len(rounds) <= 1 + (ended - begun) / plan["interval"], "one round an interval, and one at the end"

    text = (tmp_path / "report.json").read_text()
    tokens = re.findall(r'"x-tfserving-preview": {\s*"exact": "([^"]*)"', text)
    assert tokens and set(tokens) == {"(hidden)"}, "whoever has the report has no way to a version that is hidden"
