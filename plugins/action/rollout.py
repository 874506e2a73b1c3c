# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Drives slice after slice, by the module or as it does, until the rollout has ended or rests, and prints what happens."""

from __future__ import annotations

import os
import secrets
import socket
import time
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.tfserving.istio.plugins.modules.rollout import MODULE
from ansible_collections.tfserving.istio.plugins.plugin_utils import _fleet, _worker
from ansible_collections.tfserving.istio.plugins.plugin_utils._action import ClusterAction
from ansible_collections.tfserving.istio.plugins.plugin_utils._report_files import ReportFiles
from ansible_collections.tfserving.istio.plugins.plugin_utils._screen import Screen
from ansible_collections.tfserving.istio.plugins.plugin_utils._write_back import WriteBack
from ansible_collections.tfserving.istio.plugins.plugin_utils._yaml_text import Refused

WATCHED = 5
"""Seconds of a slice at most where a person looks at one host. What happens ends a slice anyway, so that it is told at once."""

ALONE = 120
"""The same where nobody looks: each slice costs the start of a program."""

PATIENCE = 120
"""Seconds that a slice waits for an API server that went away after the one before."""


class ActionModule(ClusterAction):
    """Runs the module again and again."""

    module = MODULE

    def _call(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        state, one_slice = str(arguments.get("state", "complete")), boolean(arguments.get("slice", False), strict=False)
        several = _fleet.is_fleet(task_vars)
        screen = Screen(alone=not several and not one_slice)
        loop = {} if one_slice else _loop(several, screen.renewed)
        files = None if self._task.check_mode else self._report_files(arguments, task_vars)
        unwritable = _prepared(files)
        if unwritable and state in ("complete", "reported"):
            return {"failed": True, "msg": unwritable}
        back = (
            WriteBack(self._loader.path_dwim(str(given)), arguments) if (given := arguments.get("write_back")) else None
        )
        try:
            foreseen = back.check() if back and state == "complete" else ""
        except Refused as error:
            return {"failed": True, "msg": str(error)}
        lines: list[dict[str, Any]] = []
        changed, reported = False, list[str]()
        if several and state == "complete" and not self._task.check_mode:
            time.sleep(_fleet.turn(task_vars, os.cpu_count() or 1, _worker.is_same(self, task_vars)))
        while True:
            result = super()._call({**loop, **arguments}, task_vars)
            loop["patience"] = PATIENCE
            screen.show(result)
            lines += result.get("lines") or []
            changed = changed or bool(result.get("changed"))
            reported = _written(files, result) or reported
            if result.get("failed") or result.get("done", True) or one_slice or self._task.check_mode:
                report = {"report_files": reported} if reported else {}
                result = {**result, "lines": lines, "changed": changed, **report}
                if self._task.check_mode:
                    return _with_diff(result, foreseen if self._task.diff and "plan" in result else "")
                return _ended(_written_back(back, result, self._task.diff), state)

    def _report_files(self, given: dict[str, Any], task_vars: dict[str, Any]) -> ReportFiles | None:
        """Where the report goes: a path relative to the playbook, a folder a host where the play has several."""
        folder = given.get("report_dir")
        several = len(task_vars.get("ansible_play_hosts_all", [])) > 1
        host = str(task_vars.get("inventory_hostname", "")) if several else ""
        return ReportFiles(self._loader.path_dwim(str(folder)), host) if folder else None


def _loop(several: bool, renewed: bool) -> dict[str, Any]:
    """What a slice is told that is one of several: whose it is, and when it ends."""
    seconds = _fleet.slice_seconds() if several else WATCHED if renewed else ALONE
    return {
        "holder": f"{socket.gethostname()}-{secrets.token_hex(3)}",
        "slice_seconds": seconds,
        "until_event": not several,
    }


def _prepared(files: ReportFiles | None) -> str:
    """Why reports cannot be written; empty where they can, or are not wanted."""
    try:
        if files:
            files.prepare()
    except OSError as error:
        return f"report_dir: {error.filename or ''} cannot be written to ({error.strerror}); name a folder that can"
    return ""


def _written(files: ReportFiles | None, result: dict[str, Any]) -> list[str]:
    """The files of a slice's report; none where it has none. A rollout does not stop for a full disk: that is a warning."""
    if not files or not result.get("report"):
        return []
    try:
        return files.write(result["report"], bool(result.get("done")))
    except Exception as error:  # nor for a fault in what makes the page
        result.setdefault("warnings", []).append(f"the report was not written: {type(error).__name__}: {error}")
        return []


def _written_back(back: WriteBack | None, result: dict[str, Any], diff: bool) -> dict[str, Any]:
    """The result of a complete rollout whose rule is in the user's file. That it cannot be written takes nothing back: it is a warning."""
    complete = result.get("phase", "complete") == "complete" and not result.get("failed")
    if not back or not complete or "rule" not in result:
        return result
    try:
        written = back.write(result["rule"]["after"])
    except Refused as error:
        result.setdefault("warnings", []).append(str(error))
        return result
    if not written:
        return result
    return _with_diff({**result, "changed": True, "written_back": str(back)}, written if diff else "")


def _with_diff(result: dict[str, Any], written: str) -> dict[str, Any]:
    return {**result, "diff": [*filter(None, [result.get("diff")]), {"prepared": written}]} if written else result


def _ended(result: dict[str, Any], state: str) -> dict[str, Any]:
    """A rollout that was aborted when it was to be completed is a task that failed."""
    if not result.get("failed") and result.get("phase") == "aborted" and state in ("complete", "promoted"):
        result["failed"] = True
        result["msg"] = (
            f"the rollout of {result['candidate']} was aborted: {result['reason']}. The rule is {result['rule']['before']} again"
        )
    if result.get("phase") == "paused" and state != "paused":
        result.setdefault("warnings", []).append(
            f"the rollout of {result['candidate']} is paused at {result['gets']}: {result['reason']}. Run it again to go on"
        )
    return result
