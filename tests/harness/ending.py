"""Being told to end, by Ctrl-C or by SIGTERM as `harness.lanes` ends parts beside one that failed: what runs ends what it started.

As a plugin of pytest (`-p harness.ending`): fixtures end what they started, and what was tested is reported.
"""

from __future__ import annotations

import signal
from types import FrameType


def heed(*numbers: signal.Signals) -> None:
    """Leave by KeyboardInterrupt at the first of these signals; nothing interrupts what ends then."""
    for number in numbers:
        signal.signal(number, _interrupt)


def ignore() -> None:
    """Heed neither of them any more. By handlers: a signal that is ignored would be ignored by what is started, too."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    ignore()
    raise KeyboardInterrupt


def pytest_configure() -> None:
    """Take SIGTERM for Ctrl-C."""
    heed(signal.SIGTERM)
