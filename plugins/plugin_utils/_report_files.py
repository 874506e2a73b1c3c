# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Writes the evidence of rollouts into a folder of the controller, so that no rollout overwrites another model's."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.tfserving.istio.plugins.module_utils._rollout.page.document import page
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.report import report
from ansible_collections.tfserving.istio.plugins.plugin_utils._replace import replace

JSON, HTML = "report.json", "report.html"


class ReportFiles:
    """The files of one rollout, below ``folder``; ``host`` is the folder's part for one host of a play that has several."""

    def __init__(self, folder: str, host: str = "") -> None:
        self._folder = Path(folder, _name(host)) if host else Path(folder)

    def prepare(self) -> None:
        """Make the folder. Raises OSError where files cannot be written into it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=self._folder):
            pass

    def write(self, kept: Mapping[str, Any], resting: bool) -> list[str]:
        """Write both files and return their paths. ``resting``: the rollout does not go on now, so that a replay is worth its time.

        Raises OSError. Whoever reads them meanwhile sees the old or the new ones, never half of one.
        """
        made = report(kept, resting)
        folder = self._own(made["rollout"])
        folder.mkdir(parents=True, exist_ok=True)
        texts = {JSON: json.dumps(made, indent=1, ensure_ascii=False) + "\n", HTML: page(made)}
        for name, text in texts.items():
            replace(folder / name, text)
        return [str(folder / name) for name in texts]

    def _own(self, rollout: Mapping[str, Any]) -> Path:
        """The folder itself, or one in it where another model's report lies there already."""
        try:
            there = json.loads((self._folder / JSON).read_text(encoding="utf-8"))["rollout"]
            same = (there["namespace"], there["name"]) == (rollout["namespace"], rollout["name"])
        except FileNotFoundError:
            same = True
        except (ValueError, KeyError, TypeError):  # it is none of ours
            same = False
        return self._folder if same else self._folder / _name(f"{rollout['namespace']}.{rollout['name']}")


def _name(text: str) -> str:
    """A text as the name of a folder."""
    return re.sub(r"[^\w.-]|^\.+", "_", text)
