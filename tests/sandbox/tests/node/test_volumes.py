"""Files of volumes, on a real file system."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

import pytest

from sandbox.node import atomic
from sandbox.node.atomic import File
from sandbox.node.payload import Context, MissingSource, volume_files
from sandbox.node.volumes import MountFailed, Volumes

ME = (os.getuid(), os.getgid())


def read(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir() if not path.name.startswith("..")}


def test_an_update_changes_all_files_by_one_rename(tmp_path: Path) -> None:
    assert atomic.write(tmp_path, {"a": File(b"1", 0o644), "b": File(b"2", 0o600)}, ME)
    first = os.readlink(tmp_path / "..data")
    assert read(tmp_path) == {"a": "1", "b": "2"}
    assert os.readlink(tmp_path / "a") == "..data/a"
    assert atomic.write(tmp_path, {"a": File(b"3", 0o644), "c": File(b"4", 0o644)}, ME)
    assert read(tmp_path) == {"a": "3", "c": "4"}
    assert not (tmp_path / first).exists()


def test_the_same_content_is_not_written_again(tmp_path: Path) -> None:
    files = {"a": File(b"1", 0o644), "deep/b": File(b"2", 0o644)}
    assert atomic.write(tmp_path, files, ME)
    before = os.readlink(tmp_path / "..data")
    assert not atomic.write(tmp_path, files, ME)
    assert os.readlink(tmp_path / "..data") == before
    assert (tmp_path / "deep/b").read_text() == "2"


POD: dict[str, Any] = {
    "metadata": {"name": "p", "namespace": "n", "labels": {"app": "mnist"}},
    "spec": {"containers": []},
}
OBJECTS: dict[tuple[str, str], dict[str, Any]] = {}


def context(pod: dict[str, Any] = POD) -> Context:
    addresses = {"podIP": "10.244.0.9", "hostIP": "10.244.0.1"}
    return Context(pod, lambda kind, name: OBJECTS.get((kind, name)), addresses, lambda a, s: f"token {a} {s}")


@pytest.fixture(autouse=True)
def objects() -> None:
    OBJECTS.clear()
    OBJECTS["configmaps", "page"] = {"data": {"index.html": "hello", "other": "x"}}
    OBJECTS["secrets", "key"] = {"data": {"tls.key": base64.b64encode(b"key").decode()}}


def test_a_projected_volume_joins_its_sources() -> None:
    sources = [
        {"serviceAccountToken": {"path": "token", "audience": "istio-ca", "expirationSeconds": 43200}},
        {"configMap": {"name": "page", "items": [{"key": "index.html", "path": "www/index.html", "mode": 0o400}]}},
        {"secret": {"name": "key"}},
        {"downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]}},
    ]
    files = volume_files({"name": "v", "projected": {"sources": sources, "defaultMode": 0o440}}, context())
    assert files == {
        "token": File(b"token istio-ca 43200", 0o600),
        "www/index.html": File(b"hello", 0o400),
        "tls.key": File(b"key", 0o440),
        "labels": File(b'app="mnist"', 0o440),
    }


@pytest.mark.parametrize(
    ("volume", "message"),
    [
        ({"configMap": {"name": "gone"}}, 'configmap "gone" not found'),
        ({"secret": {"secretName": "gone"}}, 'secret "gone" not found'),
        (
            {"configMap": {"name": "page", "items": [{"key": "k", "path": "p"}]}},
            "references non-existent configmap key: k",
        ),
    ],
)
def test_missing_sources_are_named(volume: dict[str, Any], message: str) -> None:
    with pytest.raises(MissingSource) as caught:
        volume_files(volume, context())
    assert str(caught.value) == message


def pod_with(volumes: list[dict[str, Any]], mounts: list[dict[str, Any]]) -> dict[str, Any]:
    container = {"name": "c", "volumeMounts": mounts}
    return {"metadata": POD["metadata"], "spec": {"volumes": volumes, "containers": [container]}}


def test_a_changed_source_reaches_the_volume_and_a_lost_one_leaves_it(tmp_path: Path) -> None:
    pod = pod_with([{"name": "v", "configMap": {"name": "page"}}], [])
    volumes = Volumes(tmp_path, context(pod))
    assert not volumes.refresh()  # not made yet
    volumes.prepare()
    OBJECTS["configmaps", "page"] = {"data": {"index.html": "hello two"}}
    assert volumes.refresh()
    assert read(tmp_path / "v") == {"index.html": "hello two"}
    OBJECTS.clear()
    assert not volumes.refresh()
    assert read(tmp_path / "v") == {"index.html": "hello two"}


def test_a_volume_inside_another_finds_its_mount_point(tmp_path: Path) -> None:
    volumes = [{"name": "outer", "configMap": {"name": "page"}}, {"name": "inner", "emptyDir": {}}]
    mounts = [{"name": "outer", "mountPath": "/etc/istio"}, {"name": "inner", "mountPath": "/etc/istio/crl"}]
    made = Volumes(tmp_path, context(pod_with(volumes, mounts)))
    made.prepare()
    assert (tmp_path / "outer/crl").is_dir()
    OBJECTS["configmaps", "page"] = {"data": {"new": "1"}}
    assert made.refresh()
    assert (tmp_path / "outer/crl").is_dir()


def test_mounts_are_read_only_where_files_come_from_the_api_server(tmp_path: Path) -> None:
    volumes = [{"name": "page", "configMap": {"name": "page"}}, {"name": "scratch", "emptyDir": {}}]
    mounts = [
        {"name": "page", "mountPath": "/srv/index.html", "subPath": "index.html"},
        {"name": "scratch", "mountPath": "/work", "subPathExpr": "$(NAME)"},
    ]
    pod = pod_with(volumes, mounts)
    made = Volumes(tmp_path, context(pod))
    made.prepare()
    page, scratch = made.mounts(pod["spec"]["containers"][0], {"NAME": "mine"})
    assert Path(page["source"]).read_text() == "hello"
    assert page["read_only"]
    assert (scratch["source"], scratch["read_only"]) == (str(tmp_path / "scratch/mine"), False)


def test_a_sub_path_cannot_leave_its_volume(tmp_path: Path) -> None:
    mounts = [{"name": "v", "mountPath": "/work", "subPath": "../../etc"}]
    pod = pod_with([{"name": "v", "emptyDir": {}}], mounts)
    made = Volumes(tmp_path, context(pod))
    made.prepare()
    with pytest.raises(MountFailed, match="leaves the volume"):
        made.mounts(pod["spec"]["containers"][0], {})


def test_a_missing_host_path_of_a_type_is_refused(tmp_path: Path) -> None:
    missing = {"name": "models", "hostPath": {"path": str(tmp_path / "no"), "type": "Directory"}}
    with pytest.raises(MountFailed, match="hostPath type check failed"):
        Volumes(tmp_path, context(pod_with([missing], []))).prepare()
