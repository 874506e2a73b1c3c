"""A terminal, as far as a program can tell: what it showed, frame by frame."""

from __future__ import annotations

import fcntl
import os
import re
import struct
import subprocess
import termios
from collections.abc import Mapping

ERASE, COLOURS = "\x1b[K", re.compile(r"\x1b\[[0-9;]*m")


def watched(words: list[str], env: Mapping[str, str], columns: int = 100, seconds: float = 120) -> tuple[int, str]:
    """Run a command on a terminal of its own; its exit code and all that it wrote."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    process = subprocess.Popen(words, env=dict(env), stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    written = b""
    try:
        while piece := _read(ours):
            written += piece
        return process.wait(seconds), written.decode()
    finally:
        process.kill()
        os.close(ours)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the last program that had it has ended
        return b""


def rows(written: str) -> list[list[str]]:
    """Each row of the screen with all that it showed one after the other; the last is what stays."""
    found: list[list[str]] = [[""]]
    cursor = 0
    for piece in re.split(r"(\r\n|\n|\r|\x1b\[K)", COLOURS.sub("", written)):
        shown = found[-1][-1]
        if piece in ("\r\n", "\n"):
            found.append([""])
            cursor = 0
        elif piece == "\r":
            cursor = 0
        elif piece == ERASE:
            found[-1].append(shown[:cursor])
        elif piece:
            found[-1].append(shown[:cursor] + piece + shown[cursor + len(piece) :])
            cursor += len(piece)
    return found
