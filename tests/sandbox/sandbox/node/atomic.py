"""Files of a volume that change all at once, as the kubelet's AtomicWriter writes them.

The files live in a folder with a name of its own; the link `..data` points to it and each visible name is a link
through `..data`. An update writes a new folder and turns `..data` by one rename.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path


@dataclass(frozen=True)
class File:
    """Content and permissions of one file."""

    content: bytes
    mode: int


def write(folder: Path, files: Mapping[str, File], owner: tuple[int, int] = (0, 0)) -> bool:
    """Makes *folder* hold exactly *files* (relative path -> file).

    Returns:
        Whether anything changed.
    """
    current = _read(folder)
    if current == dict(files):
        return False
    stamp = datetime.now(timezone.utc).strftime("..%Y_%m_%d_%H_%M_%S.")
    fresh = Path(tempfile.mkdtemp(prefix=stamp, dir=folder))
    fresh.chmod(0o755)
    os.chown(fresh, *owner)
    for name, file in files.items():
        _write_file(fresh, name, file, owner)
    old = os.readlink(folder / "..data") if current is not None else None
    _point(folder / "..data", fresh.name)
    tops = {name.split("/")[0] for name in files}
    for top in tops:
        if not (folder / top).is_symlink():
            (folder / top).symlink_to(f"..data/{top}")
    for entry in folder.iterdir():
        if entry.is_symlink() and not entry.name.startswith("..") and entry.name not in tops:
            entry.unlink()
    if old:
        shutil.rmtree(folder / old)
    return True


def _read(folder: Path) -> dict[str, File] | None:
    data = folder / "..data"
    if not data.is_symlink():
        return None
    found = {}
    for path in data.resolve().rglob("*"):
        if path.is_file():
            found[str(path.relative_to(data.resolve()))] = File(path.read_bytes(), path.stat().st_mode & 0o777)
    return found


def _write_file(fresh: Path, name: str, file: File, owner: tuple[int, int]) -> None:
    target = fresh / name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(file.content)
    target.chmod(file.mode)
    os.chown(target, *owner)


def _point(link: Path, target: str) -> None:
    fresh = link.with_name("..data_tmp")
    fresh.symlink_to(target)
    fresh.replace(link)
