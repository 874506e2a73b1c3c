"""The report that the action plugin writes. Only the module's slices are made up; what they are on a cluster, tests/mesh tries."""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace

import pytest
from ansible.parsing.dataloader import DataLoader

from ansible_collections.tfserving.istio.plugins.action import rollout as action
from ansible_collections.tfserving.istio.plugins.modules.rollout import MODULE
from ansible_collections.tfserving.istio.tests.unit.support.rollouts import World, drive, plan

NAME = "tfserving.istio.rollout"


def sliced(until, done):
    """The result of a slice that ends so many seconds after the rollout began."""
    report = drive(plan(), World(), until)
    state = report["state"]
    return {
        "changed": True,
        "done": done,
        "lines": [],
        "report": report,
        "phase": state["phase"],
        "namespace": "kubeflow",
        "name": "mnist",
    }


def made(folder, hosts, host, args, transport="ssh", **task):
    """The plugin of a host for a playbook in a folder, and the host's variables."""
    plugin = object.__new__(action.ActionModule)
    settings = {"check_mode": False, "diff": True, "delegate_to": None, "environment": [], **task}
    plugin._task = SimpleNamespace(action=NAME, args=args, **settings)
    plugin._connection, plugin._play_context = SimpleNamespace(transport=transport), SimpleNamespace(become=False)
    plugin._templar = SimpleNamespace(template=lambda value: value)
    plugin._loader = DataLoader()
    plugin._loader.set_basedir(str(folder))
    lists = {key: list(hosts) for key in ("ansible_play_hosts_all", "ansible_play_hosts", "ansible_play_batch")}
    own = {"inventory_hostname": host, "ansible_forks": 5, "ansible_python_interpreter": sys.executable}
    return plugin, {**lists, **own}


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Runs the plugin for a playbook in a folder, with the results of the module's slices; what happens to files between them is noted."""

    def run(slices, hosts=("localhost",), check=False, **args):
        waiting, seen = list(slices), []

        def execute(_self, module_args, **_more):
            seen.append(sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()))
            assert "report_dir" in module_args
            result = waiting.pop(0)
            if isinstance(result, BaseException):
                raise result
            return dict(result() if callable(result) else result)

        monkeypatch.setattr(action.ClusterAction, "_execute_module", execute)
        plugin, variables = made(tmp_path, hosts, hosts[0], {"name": "mnist", **args}, check_mode=check)
        return plugin._call(plugin._task.args, variables), seen

    return run


def test_each_slice_leaves_its_report_beside_the_playbook(run, tmp_path):
    result, seen = run([sliced(60, False), sliced(200, False), sliced(9000, True)], report_dir="reports")
    written = ["reports/report.html", "reports/report.json"]
    assert seen == [[], written, written]
    assert result["report_files"] == [str(tmp_path / "reports" / name) for name in ("report.json", "report.html")]
    made = json.loads((tmp_path / "reports" / "report.json").read_text())
    assert made["outcome"]["phase"] == "complete" and made["replay"] == []


def test_a_run_that_is_killed_leaves_the_report_of_its_last_slice(run, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run([sliced(60, False), KeyboardInterrupt()], report_dir=str(tmp_path / "reports"))
    assert json.loads((tmp_path / "reports" / "report.json").read_text())["outcome"]["phase"] == "holding"


def test_several_hosts_write_into_folders_of_their_own(run, tmp_path):
    result, _seen = run([sliced(9000, True)], hosts=("east", "west"), report_dir="reports")
    assert result["report_files"][0] == str(tmp_path / "reports" / "east" / "report.json")


def test_a_folder_that_cannot_be_written_to_is_told_before_the_rollout_begins(run, tmp_path):
    (tmp_path / "reports").write_text("")
    result, seen = run([sliced(9000, True)], report_dir="reports")
    assert result["failed"] and result["msg"].startswith("report_dir: ") and str(tmp_path / "reports") in result["msg"]
    assert seen == []


def test_an_abort_does_not_depend_on_a_folder(run, tmp_path):
    (tmp_path / "reports").write_text("")
    result, seen = run([sliced(9000, True)], report_dir="reports", state="aborted")
    assert len(seen) == 1 and not result.get("failed")
    assert result["warnings"][0].startswith("the report was not written: ")


def test_a_check_writes_nothing(run, tmp_path):
    run([sliced(9000, True)], check=True, report_dir="reports")
    assert list(tmp_path.iterdir()) == []


def completed(**more):
    return {**sliced(9000, True), "rule": {"before": "v1:100", "after": "v2:100"}, **more}


MODELS = """\
serving_models:
  - name: mnist  # the one
    traffic: "v1:100"
"""


def test_the_rule_of_a_complete_rollout_is_written_into_the_users_file(run, tmp_path):
    (tmp_path / "models.yml").write_text(MODELS)
    result, _seen = run([sliced(60, False), completed()], report_dir="r", write_back="models.yml", candidate="v2")
    assert (tmp_path / "models.yml").read_text() == MODELS.replace("v1:100", "v2:100")
    assert result["changed"] and result["written_back"] == str(tmp_path / "models.yml")
    assert '-    traffic: "v1:100"\n+    traffic: "v2:100"' in result["diff"][-1]["prepared"]


def test_an_abort_leaves_the_users_file_alone(run, tmp_path):
    (tmp_path / "models.yml").write_text(MODELS)
    ended = {"phase": "aborted", "candidate": "v2", "reason": "wrong", "rule": {"before": "v1:100", "after": "v1:100"}}
    result, _seen = run([completed(**ended)], report_dir="r", write_back="models.yml", candidate="v2")
    assert result["failed"] and (tmp_path / "models.yml").read_text() == MODELS


def test_a_file_without_the_model_is_refused_before_the_rollout_begins(run, tmp_path):
    (tmp_path / "models.yml").write_text(MODELS.replace("mnist", "other"))
    result, seen = run([completed()], report_dir="r", write_back="models.yml", candidate="v2")
    assert result["failed"] and "no entry of name mnist and namespace kubeflow" in result["msg"] and seen == []


def test_a_file_that_cannot_be_written_any_more_is_a_warning(run, tmp_path):
    (tmp_path / "models.yml").write_text(MODELS)

    def deleted():
        (tmp_path / "models.yml").unlink()
        return completed()

    result, _seen = run([deleted], report_dir="r", write_back="models.yml", candidate="v2")
    assert not result.get("failed") and result["phase"] == "complete"
    assert "models.yml cannot be written (No such file or directory)" in result["warnings"][-1]


def test_a_check_shows_what_would_be_written_and_writes_nothing(run, tmp_path):
    (tmp_path / "models.yml").write_text(MODELS)
    foreseen = {"changed": True, "done": True, "lines": [], "plan": ["..."], "diff": {"prepared": "..."}}
    result, _seen = run([foreseen], check=True, report_dir="r", write_back="models.yml", candidate="v2")
    assert '+    traffic: "v2:100"' in result["diff"][1]["prepared"]
    assert (tmp_path / "models.yml").read_text() == MODELS


@pytest.mark.parametrize("hosts", [["west"], ["east", "west"]])
def test_a_rollout_on_the_controller_is_driven_by_ansibles_worker(monkeypatch, tmp_path, hosts):
    """Each host of several waits its turn; what the loop adds to a slice's arguments is the module's to check."""
    given, slept = [], []

    def drive_here(module, arguments, _action):
        given.append((module, arguments))
        return sliced(9000, True)

    monkeypatch.setattr(action._worker, "run", drive_here)
    monkeypatch.setattr(action.time, "sleep", slept.append)
    plugin, variables = made(tmp_path, hosts, "west", {"name": "mnist"}, transport="local", diff=False)
    result = plugin._call(plugin._task.args, variables)
    [(module, arguments)] = given
    several = len(hosts) > 1
    assert module is MODULE and [seconds > 0 for seconds in slept] == [True] * several
    assert arguments.keys() <= module.options.keys() and arguments["until_event"] is not several and arguments["holder"]
    assert result["phase"] == "complete"
