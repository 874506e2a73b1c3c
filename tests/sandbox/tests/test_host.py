"""What the user reads where the sandbox cannot run."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from sandbox import cli, host, ids
from sandbox.errors import SandboxError
from sandbox.layout import PACKAGE, Layout


@pytest.fixture
def ordinary_user(monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 1000)


def folder_with(tmp_path, *names):
    for name in names:
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    return str(tmp_path)


def test_missing_packages_are_named_all_at_once_with_the_command(tmp_path, monkeypatch, ordinary_user):
    monkeypatch.setattr(host, "SEARCH_PATH", folder_with(tmp_path, "ip", "apt-get"))
    with pytest.raises(SandboxError) as error:
        host.check()
    assert "iptables, nftables, uidmap" in str(error.value)
    assert "sudo apt-get install iptables nftables uidmap" in str(error.value)
    assert "KUBECONFIG" in str(error.value)


def test_what_the_caller_misses_is_named_with_the_rest_before_python_packages_are_there(
    tmp_path, monkeypatch, ordinary_user, capsys
):
    monkeypatch.setattr(host, "SEARCH_PATH", folder_with(tmp_path, "ip", "iptables", "newuidmap", "apt-get"))
    monkeypatch.setattr(host, "_MODULES", ("no_such_module",))
    assert cli.main(["check", "python3-venv"]) == 1
    said = capsys.readouterr().err
    assert "sudo apt-get install nftables python3-venv\n" in said
    assert "no_such_module" not in said
    monkeypatch.setattr(host, "SEARCH_PATH", folder_with(tmp_path, "nft"))
    monkeypatch.setattr(host, "_SETTINGS", ())
    assert cli.main(["check"]) == 0


def test_the_check_needs_no_package_of_python():
    command = [sys.executable, "-S", "-m", "sandbox", "check", "python3-venv"]
    environment = os.environ | {"PYTHONPATH": str(PACKAGE.parent)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("sandbox: Packages of the system are missing: ")


def test_root_needs_no_uidmap_and_no_sudo(tmp_path, monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(host, "SEARCH_PATH", folder_with(tmp_path, "ip", "iptables", "apt-get"))
    with pytest.raises(SandboxError, match="\n  apt-get install nftables\n"):
        host.check()


def test_fedoras_packages_have_fedoras_names(tmp_path, monkeypatch, ordinary_user):
    monkeypatch.setattr(host, "SEARCH_PATH", folder_with(tmp_path, "dnf"))
    assert host.install_command(["iproute2", "uidmap"]) == "sudo dnf install iproute shadow-utils"


@pytest.mark.parametrize(
    ("name", "value"),
    [("unprivileged_userns_clone", "0"), ("apparmor_restrict_unprivileged_userns", "1"), ("max_user_namespaces", "0")],
)
def test_a_setting_that_forbids_user_namespaces_is_named(tmp_path, monkeypatch, ordinary_user, name, value):
    monkeypatch.setattr(host, "missing_packages", list)
    file = tmp_path / name
    monkeypatch.setattr(host, "_SETTINGS", ((str(file), value, f"sudo sysctl {name}=..."),))
    host.check()
    file.write_text("2\n")
    host.check()
    file.write_text(f"{value}\n")
    with pytest.raises(SandboxError) as error:
        host.check()
    assert f"{name} is {value}" in str(error.value)
    assert f"sudo sysctl {name}" in str(error.value)
    assert "KUBECONFIG" in str(error.value)


def test_the_largest_range_of_subordinate_ids_counts(tmp_path, monkeypatch):
    monkeypatch.setattr("os.getuid", lambda: 1000)
    file = tmp_path / "subuid"
    file.write_text("# comment\nann:100000:65536\nbob:1:2\nbob:200000:3000\n1000:300000:70000\n")
    assert ids._subordinate(file, "bob") == (300000, 70000)
    assert ids._subordinate(file, "nobody") == (300000, 70000)
    assert ids._subordinate(tmp_path / "missing", "bob") == (0, 0)


@pytest.mark.parametrize(
    ("line", "size", "sidecars"),
    [("", 1, False), ("ann:100000:1000\n", 1, False), ("ann:100000:65535\n", 65536, True)],
)
def test_sidecars_need_their_own_user_id_and_images_theirs(tmp_path, monkeypatch, ordinary_user, line, size, sidecars):
    file = tmp_path / "subuid"
    file.write_text(line)
    monkeypatch.setattr(ids, "_SUBORDINATE_FILES", (file, file))
    monkeypatch.setattr("getpass.getuser", lambda: "ann")
    found = ids.available()
    assert (found.size, found.sidecars) == (size, sidecars)
    assert sidecars or "usermod --add-subuids" in found.why_small


def test_a_state_folder_that_the_machine_could_not_see_is_refused(monkeypatch):
    monkeypatch.setenv("SANDBOX_STATE", "/run/user/1000/sandbox")
    with pytest.raises(SandboxError, match="SANDBOX_STATE is /run/user/1000/sandbox: choose a folder outside /run"):
        Layout.from_environment()


def test_missing_python_packages_are_named_with_the_command(monkeypatch):
    monkeypatch.setattr(host, "missing_packages", list)
    monkeypatch.setattr(host, "_MODULES", ("json", "no_such_module", "nor_this_one"))
    with pytest.raises(
        SandboxError, match=r"missing: no_such_module, nor_this_one.*\n  .*-m pip install no_such_module nor_this_one"
    ):
        host.check()


@pytest.mark.parametrize(
    ("id_map", "reach"),
    [
        ("         0          0 4294967295\n", 4294967295),
        ("         0       1002          1\n         1     165536      65535\n", 65536),
        ("         0       1000          1\n", 1),
        ("         0       1000          1\n       100     200000      65536\n", 1),
        ("      1000       1000          1\n", 0),
    ],
)
def test_ids_count_from_zero_up_to_the_first_gap(id_map, reach):
    assert ids._reach(id_map) == reach
