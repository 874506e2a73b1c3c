"""Where the evidence of a rollout goes on the controller."""

from __future__ import annotations

import json

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._rollout.replay import replay
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.report import kept_of
from ansible_collections.tfserving.istio.plugins.plugin_utils._report_files import ReportFiles
from ansible_collections.tfserving.istio.tests.unit.support.rollouts import World, drive, plan


def kept(**keys):
    return drive(plan(steps=[100], hold=10, **keys), World(rate=1000.0))


def name_of(path):
    return json.loads(path.read_text())["rollout"]["name"]


def test_both_files_are_written_and_the_json_is_enough_for_a_replay(tmp_path):
    folder = tmp_path / "evidence" / "today"
    files = ReportFiles(str(folder))
    files.prepare()
    assert files.write(kept(), True) == [str(folder / "report.json"), str(folder / "report.html")]
    assert sorted(path.name for path in folder.iterdir()) == ["report.html", "report.json"]
    assert replay(kept_of(json.loads((folder / "report.json").read_text()))) == []
    assert (folder / "report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_the_next_slice_and_the_next_rollout_of_a_model_replace_its_report(tmp_path):
    files = ReportFiles(str(tmp_path))
    files.write(kept(), False)
    first = (tmp_path / "report.json").read_text()
    assert json.loads(first)["replay"] is None
    files.write(kept(candidate="v3"), True)
    assert json.loads((tmp_path / "report.json").read_text())["rollout"]["candidate"] == "v3"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "report.json"]


def test_models_do_not_overwrite_each_other(tmp_path):
    for _again in range(2):
        ReportFiles(str(tmp_path)).write(kept(), True)
        other = ReportFiles(str(tmp_path)).write(kept(name="resnet", namespace="vision"), True)
        assert other[0] == str(tmp_path / "vision.resnet" / "report.json")
    assert (
        name_of(tmp_path / "report.json") == "mnist" and name_of(tmp_path / "vision.resnet" / "report.json") == "resnet"
    )


@pytest.mark.parametrize("content", ["[]", "{}", "no json", '{"rollout": 1}'])
def test_what_is_no_report_of_ours_stays(tmp_path, content):
    (tmp_path / "report.json").write_text(content)
    assert ReportFiles(str(tmp_path)).write(kept(), True)[0] == str(tmp_path / "kubeflow.mnist" / "report.json")
    assert (tmp_path / "report.json").read_text() == content


@pytest.mark.parametrize(
    ("host", "folder"), [("east.example", "east.example"), ("../../etc", "__.._etc"), ("a/b c", "a_b_c")]
)
def test_hosts_have_folders_of_their_own_in_it(tmp_path, host, folder):
    paths = ReportFiles(str(tmp_path), host).write(kept(), True)
    assert paths[0] == str(tmp_path / folder / "report.json")


def test_a_folder_that_cannot_be_is_an_error_before_anything_is_done(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        ReportFiles(str(tmp_path / "file" / "reports")).prepare()


def test_a_write_that_fails_leaves_the_old_report(tmp_path, monkeypatch):
    files = ReportFiles(str(tmp_path))
    files.write(kept(), True)
    before = (tmp_path / "report.json").read_text()

    def full(*_args, **_more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(OSError, match="No space"):
        files.write(kept(candidate="v3"), True)
    monkeypatch.undo()
    assert (tmp_path / "report.json").read_text() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "report.json"]
