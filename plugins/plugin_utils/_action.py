# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""What the action plugins of all modules share: a kubeconfig of the controller is found, and decrypted, where it is; and who does the module's work."""

from __future__ import annotations

import gc
import os
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.tfserving.istio.plugins.module_utils._module import ClusterModule
from ansible_collections.tfserving.istio.plugins.plugin_utils import _worker


class ClusterAction(ActionBase):
    """Does what the module of its own name does. As with kubernetes.core, a kubeconfig's path is the managed host's where that is another machine."""

    module: ClusterModule
    """Read with the action plugin: Ansible does that once a run, before it forks a worker for each task, and compiles a collection's files anew each time."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """The module's result."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        given = self._task.args.get("kubeconfig")
        arguments = {**self._task.args, "kubeconfig": self._found(given)} if given else self._task.args
        result.update(self._call(arguments, task_vars or {}))
        return result

    def _call(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """The module's result: by this worker on the controller itself, elsewhere by a program of the module."""
        if _worker.is_same(self, task_vars):
            return _worker.run(self.module, arguments, self)
        gc.disable()  # Ansible parses the module's sources to pack them; looking for garbage amid its own objects would take half of that time
        try:
            return dict(self._execute_module(module_args=arguments, task_vars=task_vars))
        finally:
            gc.enable()

    def _found(self, kubeconfig: Any) -> Any:
        if isinstance(kubeconfig, dict) or self._connection.transport != "local":
            return kubeconfig
        if not isinstance(kubeconfig, str):
            raise AnsibleActionFail(f"kubeconfig is a path or a mapping, not {type(kubeconfig).__name__}")
        paths = (self._find_needle("files", path) for path in kubeconfig.split(os.pathsep))
        return os.pathsep.join(self._loader.get_real_file(path, decrypt=True) for path in paths)
