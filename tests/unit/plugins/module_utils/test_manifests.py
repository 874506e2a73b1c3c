"""The module ``manifests``: objects as data and as files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.tfserving.istio.plugins.module_utils._manifests import HEADER, write_manifests
from ansible_collections.tfserving.istio.plugins.module_utils._spec.errors import SpecError
from ansible_collections.tfserving.istio.tests.unit.support.models import mnist


def written(dest: Path | None, *models: dict[str, Any], check: bool = False, prune: bool = False) -> dict[str, Any]:
    given = [*models] or [mnist()]
    return write_manifests({"models": given, "dest": None if dest is None else str(dest), "prune": prune}, check)


def other() -> dict[str, Any]:
    return mnist() | {"name": "other"}


def test_without_a_destination_nothing_is_written():
    result = written(None)
    assert result["changed"] is False
    assert {entry["kind"] for entry in result["manifests"]} >= {"Deployment", "Service", "VirtualService"}
    assert "files" not in result


def test_a_file_a_model_holds_its_objects(tmp_path: Path):
    result = written(tmp_path / "out", mnist(), other())
    files = sorted((tmp_path / "out").iterdir())
    assert [path.name for path in files] == ["kubeflow_mnist.yaml", "kubeflow_other.yaml"]
    assert sorted(result["files"]) == [str(path) for path in files]
    assert [entry for path in files for entry in yaml.safe_load_all(path.read_text())] == result["manifests"]
    assert result["changed"] is True


def test_a_second_run_changes_nothing_and_the_bytes_stay(tmp_path: Path):
    written(tmp_path)
    file = tmp_path / "kubeflow_mnist.yaml"
    before = (file.read_bytes(), file.stat().st_mtime_ns)
    result = written(tmp_path)
    assert (result["changed"], result["diff"]) == (False, [])
    assert (file.read_bytes(), file.stat().st_mtime_ns) == before


def test_files_have_no_anchors_and_text_of_any_language(tmp_path: Path):
    written(tmp_path, mnist("v1", "v2", traffic="v1:100", pod_annotations={"note": "é 日本"}))
    text = (tmp_path / "kubeflow_mnist.yaml").read_text(encoding="utf-8")
    assert "é 日本" in text
    assert " &id" not in text


def test_a_changed_model_shows_both_texts(tmp_path: Path):
    written(tmp_path, mnist(replicas=1))
    result = written(tmp_path, mnist(replicas=2), other())
    mine, new = result["diff"]
    assert "replicas: 1" in mine["before"]
    assert "replicas: 2" in mine["after"]
    assert mine["before_header"] == str(tmp_path / "kubeflow_mnist.yaml")
    assert new["before"] == ""


def test_check_mode_says_the_same_and_writes_nothing(tmp_path: Path):
    written(tmp_path, mnist(), other())
    before = {path.name: path.read_text() for path in tmp_path.iterdir()}
    planned = written(tmp_path, mnist(replicas=2), check=True, prune=True)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == before
    assert written(tmp_path, mnist(replicas=2), prune=True) == planned


def test_check_mode_does_not_even_create_the_folder(tmp_path: Path):
    assert written(tmp_path / "out", check=True)["changed"] is True
    assert not (tmp_path / "out").exists()


def test_files_of_models_that_are_gone_stay_unless_asked(tmp_path: Path):
    written(tmp_path, mnist(), other())
    assert written(tmp_path)["removed"] == []
    result = written(tmp_path, prune=True)
    assert result["removed"] == [str(tmp_path / "kubeflow_other.yaml")]
    assert [path.name for path in tmp_path.iterdir()] == ["kubeflow_mnist.yaml"]
    assert result["diff"][0]["after"] == ""
    assert written(tmp_path, prune=True)["changed"] is False


@pytest.mark.parametrize("name", ["kubeflow_theirs.yaml", "theirs.yaml", "kubeflow_theirs.yml"])
def test_pruning_leaves_files_that_others_wrote(tmp_path: Path, name: str):
    (tmp_path / name).write_text("kind: Service\n")
    assert written(tmp_path, prune=True)["removed"] == []
    assert (tmp_path / name).exists()


def test_no_half_written_file_is_left(tmp_path: Path):
    written(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["kubeflow_mnist.yaml"]
    assert (tmp_path / "kubeflow_mnist.yaml").read_text().startswith(HEADER)


def test_a_wrong_model_leaves_the_folder_alone(tmp_path: Path):
    with pytest.raises(SpecError, match="needs traffic"):
        written(tmp_path / "out", other(), mnist("v1", "v2"))
    assert not (tmp_path / "out").exists()


def test_a_version_without_a_pin_is_warned_about():
    given = mnist()
    del given["versions"][0]["model_version"]
    assert "without model_version" in written(None, given)["warnings"][0]
