# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Does what a module does in Ansible's own worker, where a program of the module would run beside it, by the same Python and as the same user.

That program is packed, unpacked and compiled anew for each task: more work than what there is to do in most of them.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import traceback
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator, ValidationResult
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.errors import UnsupportedError
from ansible.plugins.action import ActionBase

from ansible_collections.tfserving.istio.plugins.module_utils._cluster.package import tidy
from ansible_collections.tfserving.istio.plugins.module_utils._module import ClusterModule, Result


def is_same(action: ActionBase, task_vars: Mapping[str, Any]) -> bool:
    """Whether the module's program would have nothing that the worker has not: machine, Python, user and environment."""
    if sys.platform == "darwin":  # what asks the system there for its proxies ends a process that was forked
        return False
    task = action._task
    if action._connection.transport != "local" or task.delegate_to:
        return False
    if action._play_context.become or any(task.environment or ()):
        return False
    return bool(action._templar.template(task_vars.get("ansible_python_interpreter")) == sys.executable)


def run(module: ClusterModule, arguments: Mapping[str, Any], action: ActionBase) -> Result:
    """The module's result for a task's arguments, in the playbook's folder, where a program of it would be run."""
    task = action._task
    given = json.loads(json.dumps(dict(arguments), default=str))  # as a program would get them
    found = ArgumentSpecValidator(module.arguments).validate(given)
    result = {"failed": True, "msg": _wrong(task.action, found)}
    if not found.error_messages:
        result = _done(module, found.validated_parameters, bool(task.check_mode), action._loader.get_basedir())
    if not task.diff:
        result.pop("diff", None)
    result["invocation"] = {"module_args": found.validated_parameters}
    clean: Result = remove_values(result, found._no_log_values)
    return clean


def _wrong(name: str, found: ValidationResult) -> str:
    """What a program of the module says of its arguments."""
    unknown = f"Unsupported parameters for ({name}) module: "
    return "; ".join(
        f"{unknown if isinstance(error, UnsupportedError) else ''}{error.msg}" for error in found.errors.errors
    )


def _done(module: ClusterModule, params: Mapping[str, Any], check: bool, folder: str) -> Result:
    before = os.getcwd()
    try:
        os.chdir(folder)
        # A program has no terminal: what logs in by another program would wait for a person at it.
        with contextlib.redirect_stdout(io.StringIO()):
            return module.outcome(params, check)
    except Exception as error:  # a program that crashes is a result too
        return {"failed": True, "msg": f"{type(error).__name__}: {error}", "exception": traceback.format_exc()}
    finally:
        os.chdir(before)
        tidy()
