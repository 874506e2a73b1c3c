# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""What every module that talks to a cluster shares: its options, its connection, and how it ends."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.kubernetes.core.plugins.module_utils.args_common import AUTH_ARG_SPEC

from ._cluster.client import Client
from ._cluster.connect import connect
from ._cluster.errors import ClusterError
from ._spec.errors import SpecError

Result = dict[str, Any]


@dataclass(frozen=True)
class ClusterModule:
    """A module: its own ``options``, as an argument_spec has them, and its ``work``, which gets a client, the arguments, and whether this is a check."""

    options: Mapping[str, Any]
    work: Callable[[Client, Mapping[str, Any], bool], Result]

    @property
    def arguments(self) -> dict[str, Any]:
        """kubernetes.core's connection options beside its own."""
        return {**AUTH_ARG_SPEC, **self.options}

    def outcome(self, params: Mapping[str, Any], check: bool) -> Result:
        """What ``work`` returns, or a failure with one message in words."""
        gc.set_threshold(100_000)  # lists of thousands of objects hold no cycles to look for
        try:
            return self.work(connect(params, params.get("parallel") or 16), params, check)
        except ImportError as error:
            return {"failed": True, "msg": missing_required_lib(error.name or "kubernetes")}
        except (SpecError, ClusterError) as error:
            return {"failed": True, "msg": str(error)}

    def run(self) -> None:
        """Be the program of the module."""
        module = AnsibleModule(argument_spec=self.arguments, supports_check_mode=True)
        result = self.outcome(module.params, module.check_mode)
        for warning in result.pop("warnings", ()):
            module.warn(warning)
        if not module._diff:
            result.pop("diff", None)
        if result.get("failed"):
            module.fail_json(**result)
        module.exit_json(**result)
