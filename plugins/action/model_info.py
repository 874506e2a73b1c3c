# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A kubeconfig of the controller (a path relative to the playbook, a vaulted file) is resolved where it is."""

from __future__ import annotations

from ansible_collections.tfserving.istio.plugins.modules.model_info import MODULE
from ansible_collections.tfserving.istio.plugins.plugin_utils._action import ClusterAction


class ActionModule(ClusterAction):
    """Runs the module."""

    module = MODULE
