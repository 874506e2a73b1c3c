from __future__ import annotations

import json
import socket
import time
from dataclasses import replace

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._rollout.state import PAUSED, begin
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.tell import Tell
from ansible_collections.tfserving.istio.plugins.module_utils._spec.rollout import read_rollout
from ansible_collections.tfserving.istio.plugins.module_utils._spec.rule import read_rule

ROLLOUT = read_rollout({"name": "mnist", "candidate": "v2"})
STATE = replace(begin(ROLLOUT, read_rule("v1:100"), None, 0.0), phase=PAUSED, tenths=50, reason='said "no"')


def hooks(server):
    return [json.loads(request["body"]) for request in server.requests if request["path"] == "/hook"]


def test_an_event_stands_on_the_rule_and_a_notification_is_slacks(server, client):
    tell = Tell(client, ROLLOUT, {"url": f"{server.url}/hook"})
    tell(STATE, 'paused: said "no"')
    tell.finish(60)
    event = next(json.loads(request["body"]) for request in server.requests if request["path"].endswith("/events"))
    assert event["involvedObject"]["name"] == "mnist-rule" and event["type"] == "Warning"
    assert event["reason"] == "RolloutPaused" and event["message"] == 'paused: said "no"'
    assert hooks(server) == [{"text": 'kubeflow/mnist: paused: said "no"'}]


def test_a_template_gets_json_strings(server, client):
    template = '{"m": $model, "to": $candidate, "p": $phase, "w": $weight, "why": $reason, "cost": "$5"}'
    tell = Tell(client, ROLLOUT, {"url": f"{server.url}/hook", "template": template})
    tell(STATE, "paused")
    tell.finish(60)
    assert hooks(server) == [{"m": "mnist", "to": "v2", "p": "paused", "w": "5", "why": 'said "no"', "cost": "$5"}]


@pytest.mark.parametrize("status", [403, 500])
def test_who_cannot_be_told_is_no_reason_to_stop(server, client, status):
    server.answer(status, {"message": "no"})
    tell = Tell(client, ROLLOUT, {"url": f"{server.url}/hook?token=secret"})
    tell(STATE, "paused")
    tell.finish(60)
    assert len(tell.failed) == 2 and "secret" not in json.dumps(tell.failed)


def test_nobody_waits_for_who_takes_a_connection_and_says_nothing(server, client):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        tell = Tell(client, ROLLOUT, {"url": f"http://127.0.0.1:{mute.getsockname()[1]}/hook?token=secret"})
        began = time.monotonic()
        for line in ("paused", "aborting", "aborted"):
            tell(STATE, line)
        assert time.monotonic() - began < 8
        tell.finish(0.1)
        failed = list(tell.failed)
    assert failed == ["a notification had no answer after 0.1 s"]


def test_notifications_come_in_the_order_of_what_happened(server, client):
    tell = Tell(client, ROLLOUT, {"url": f"{server.url}/hook", "template": "$text"})
    lines = [f"shifted {number}" for number in range(5)]
    for line in lines:
        tell(STATE, line)
    tell.finish(60)
    assert hooks(server) == [f"kubeflow/mnist: {line}" for line in lines] and not tell.failed
