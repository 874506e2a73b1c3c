from __future__ import annotations

import json
import sys

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._rollout.ask import call, run
from ansible_collections.tfserving.istio.plugins.module_utils._spec.gate import read_gate

WORDS = {"model": "mnist", "candidate": "v2", "weight": "5"}


@pytest.mark.parametrize("status", [200, 204, 409, 503])
def test_a_webhook_is_told_where_the_rollout_is_and_its_status_is_the_answer(server, status):
    server.answer(status, {"why": "because"})
    gate = read_gate({"kind": "webhook", "url": f"{server.url}/gate", "headers": {"Authorization": "Bearer x"}})
    answer = call(gate, WORDS)
    assert answer["code"] == status and (status == 204 or "because" in answer["text"])
    request = server.requests[0]
    assert request["method"] == "POST" and json.loads(request["body"]) == WORDS
    assert request["headers"]["Authorization"] == "Bearer x"


def test_a_webhook_that_is_not_there_gives_no_code():
    answer = call(read_gate({"kind": "webhook", "url": "http://127.0.0.1:9/", "timeout": 1}), WORDS)
    assert answer["code"] is None and answer["text"]


@pytest.mark.parametrize("code", [0, 1, 7])
def test_a_command_is_told_by_variables_and_its_exit_code_is_the_answer(code):
    script = f"import os, sys; print(os.environ['TFSERVING_CANDIDATE']); sys.exit({code})"
    gate = read_gate({"kind": "command", "argv": [sys.executable, "-c", script]})
    assert run(gate, WORDS) == {"code": code, "text": "v2"}


def test_what_stands_in_a_command_is_no_shell(tmp_path):
    gate = read_gate({"kind": "command", "argv": ["echo", f"$(touch {tmp_path}/x); `id`"]})
    assert run(gate, WORDS)["text"] == f"$(touch {tmp_path}/x); `id`"
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("argv", "said"), [(["/no/such/program"], "No such file"), (["sleep", "5"], "no end after 0.2 s")]
)
def test_a_command_that_does_not_run_gives_no_code(argv, said):
    answer = run(read_gate({"kind": "command", "argv": argv, "timeout": 0.2}), WORDS)
    assert answer["code"] is None and said in answer["text"]
    assert json.dumps(answer)
