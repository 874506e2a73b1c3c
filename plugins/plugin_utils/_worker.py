# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Does what a module does in Ansible's own worker, where a program of the module would run beside it, by the same Python and as the same user.

That program is packed, unpacked and compiled anew for each host: for many hosts at once more work than what there is to do.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.plugins.action import ActionBase

from ansible_collections.tfserving.istio.plugins.module_utils._cluster.client import Client
from ansible_collections.tfserving.istio.plugins.module_utils._module import outcome, with_connection


def is_same(action: ActionBase, task_vars: Mapping[str, Any]) -> bool:
    """Whether the module's program would have nothing that the worker has not: machine, Python, user and environment."""
    if action._connection.transport != "local" or action._play_context.become or any(action._task.environment or ()):
        return False
    return bool(action._templar.template(task_vars.get("ansible_python_interpreter")) == sys.executable)


def run(
    options: Mapping[str, Any],
    arguments: Mapping[str, Any],
    work: Callable[[Client, dict[str, Any]], dict[str, Any]],
) -> dict[str, Any]:
    """The module's result. ``options``: its own, as its argument_spec has them; ``work`` gets those that were given, validated."""
    given = json.loads(json.dumps(dict(arguments), default=str))  # as a program would get them
    found = ArgumentSpecValidator(with_connection(options)).validate(given)
    if found.error_messages:
        return {"failed": True, "msg": "; ".join(found.error_messages)}
    params = found.validated_parameters
    result: dict[str, Any] = remove_values(outcome(params, lambda client: work(client, params)), found._no_log_values)
    return result
