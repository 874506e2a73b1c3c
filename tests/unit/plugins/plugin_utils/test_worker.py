"""What a worker does itself is what the module's program would have done; rollouts by it, tests/mesh and tests/benchmark run."""

from __future__ import annotations

import io
import os
import sys
from types import SimpleNamespace

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._module import ClusterModule
from ansible_collections.tfserving.istio.plugins.module_utils._spec.errors import wrong
from ansible_collections.tfserving.istio.plugins.modules.rollout import MODULE
from ansible_collections.tfserving.istio.plugins.plugin_utils import _worker

HOST = {"host": "http://127.0.0.1:9", "api_key": "a-key"}


def run(arguments, work, folder="/", **task):
    module = ClusterModule(MODULE.options, lambda client, params, _check: work(client, params))
    return _worker.run(module, arguments, action(folder=folder, **task))


def action(transport="local", become=False, environment=(), delegate_to=None, folder="/", check_mode=False, diff=False):
    return SimpleNamespace(
        _loader=SimpleNamespace(get_basedir=lambda: folder),
        _templar=SimpleNamespace(
            template=lambda value: sys.executable if value == "{{ ansible_playbook_python }}" else value
        ),
        _connection=SimpleNamespace(transport=transport),
        _play_context=SimpleNamespace(become=become),
        _task=SimpleNamespace(
            action="tfserving.istio.rollout",
            environment=list(environment),
            delegate_to=delegate_to,
            check_mode=check_mode,
            diff=diff,
        ),
    )


@pytest.mark.parametrize(
    ("given", "interpreter", "same"),
    [
        ({}, sys.executable, True),
        ({"environment": [{}]}, "{{ ansible_playbook_python }}", True),
        ({}, "auto_silent", False),
        ({}, None, False),
        ({"transport": "ssh"}, sys.executable, False),
        ({"become": True}, sys.executable, False),
        ({"delegate_to": "localhost"}, sys.executable, False),
        ({"environment": [{"KUBECONFIG": "/other"}]}, sys.executable, False),
    ],
)
def test_only_what_would_run_beside_the_worker_runs_in_it(given, interpreter, same):
    assert _worker.is_same(action(**given), {"ansible_python_interpreter": interpreter}) is same


def test_a_mac_forks_no_process_that_asks_its_system_for_proxies(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not _worker.is_same(action(), {"ansible_python_interpreter": sys.executable})


def test_it_has_no_terminal():
    seen = []
    run({"name": "mnist", **HOST}, lambda _client, _params: seen.append(sys.stdout.isatty()) or {})
    assert seen == [False] and not isinstance(sys.stdout, io.StringIO)


def test_arguments_are_those_of_the_module():
    seen = {}
    result = run({"name": "mnist", "slice_seconds": "7", **HOST}, lambda _client, params: seen.update(params) or {})
    assert result["invocation"]["module_args"]["slice_seconds"] == 7 and len(result) == 1
    assert (seen["slice_seconds"], seen["namespace"], seen["gates"], seen["prometheus"]) == (7, "kubeflow", [], None)


def test_what_is_wrong_is_one_message():
    result = run({"state": "finished", "nam": "mnist"}, lambda _client, _params: {})
    assert result["failed"] and "missing required arguments: name" in result["msg"]
    assert "; Unsupported parameters for (tfserving.istio.rollout) module: nam. Supported parameters" in result["msg"]

    def refuse(_client, _params):
        raise wrong("candidate: v9 is not deployed")

    refused = run({"name": "mnist", **HOST}, refuse)
    assert refused["failed"] and refused["msg"] == "candidate: v9 is not deployed"


@pytest.mark.parametrize("asked", [True, False])
def test_a_difference_is_shown_where_it_is_asked_for(asked):
    result = run({"name": "mnist", **HOST}, lambda _client, _params: {"diff": {"prepared": "+ v2"}}, diff=asked)
    assert ("diff" in result) is asked


@pytest.mark.parametrize("check", [True, False])
def test_a_check_is_the_modules_to_make(check):
    seen = []
    module = ClusterModule(MODULE.options, lambda _client, _params, check: seen.append(check) or {})
    _worker.run(module, {"name": "mnist", **HOST}, action(check_mode=check))
    assert seen == [check]


def test_secrets_do_not_come_back():
    said = {"reason": "asked http://127.0.0.1 with s3cr3t-token"}
    arguments = {"name": "mnist", "prometheus": {"url": "http://127.0.0.1", "token": "s3cr3t-token"}, **HOST}
    assert "s3cr3t" not in str(run(arguments, lambda _client, _params: said))


def test_a_fault_of_ours_is_a_result_as_a_programs_end_would_be():
    result = run({"name": "mnist", **HOST}, lambda _client, _params: 1 / 0)
    assert result["failed"] and result["msg"] == "ZeroDivisionError: division by zero"


def test_relative_paths_are_those_of_the_playbook(tmp_path):
    before = os.getcwd()
    assert run({"name": "mnist", **HOST}, lambda _client, _params: {"at": os.getcwd()}, str(tmp_path))["at"] == str(
        tmp_path
    )
    assert os.getcwd() == before


def test_no_key_is_left_in_a_file(monkeypatch):
    """The package removes them where a program ends."""
    config = pytest.importorskip("kubernetes.config.kube_config")
    made = []
    result = run(
        {"name": "mnist", **HOST},
        lambda _client, _params: made.append(config._create_temp_file_with_content("key")) or {},
    )
    assert not result.get("failed") and made and not os.path.exists(made[0])
