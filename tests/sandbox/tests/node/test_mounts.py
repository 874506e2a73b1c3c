"""Paths inside a container's root."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.node.mounts import inside


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root/run").mkdir(parents=True)
    (tmp_path / "root/var").mkdir()
    (tmp_path / "root/var/run").symlink_to("../run")
    (tmp_path / "root/var/absolute").symlink_to("/run")
    (tmp_path / "root/var/outside").symlink_to("../../../etc")
    (tmp_path / "root/loop").symlink_to("loop")
    return tmp_path / "root"


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/", ""),
        ("/var/run/secrets", "/run/secrets"),
        ("/var/absolute/secrets", "/run/secrets"),
        ("/var/outside/passwd", "/etc/passwd"),
        ("/../../etc/passwd", "/etc/passwd"),
        ("/a/./b/../c", "/a/c"),
    ],
)
def test_no_link_leads_out_of_the_root(root: Path, path: str, found: str) -> None:
    assert inside(str(root), path) == f"{root}{found}"


def test_a_loop_is_an_error(root: Path) -> None:
    with pytest.raises(OSError, match="too many symbolic links"):
        inside(str(root), "/loop/x")
