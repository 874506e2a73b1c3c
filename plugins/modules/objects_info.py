#!/usr/bin/python
# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: objects_info
short_description: Read objects of many kinds at once
version_added: 1.0.0
author:
  - The tfserving.istio contributors (@tfserving-istio)
description:
  - Answers many questions about a cluster in one task. The roles of this collection look at a mesh so, which takes a
    fraction of the time of a task for each kind.
  - A kind that the cluster does not know has no objects.
options:
  queries:
    description:
      - What to read. Each has a name, under which RV(objects) has its answer, and is a mapping with C(kind) (required), C(api_version) (V(v1) if
        unset), C(namespace) (all if unset), C(name) (one object), C(label_selectors), and C(field_selectors), lists of which all have to match.
    type: dict
    required: true
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - tfserving.istio.attributes.info
  - tfserving.istio.attributes.cluster
seealso:
  - module: kubernetes.core.k8s_info
"""

EXAMPLES = r"""
- name: Read a model's Deployments, its gateway and all routes beside it
  tfserving.istio.objects_info:
    queries:
      deployments: {api_version: apps/v1, kind: Deployment, namespace: kubeflow, label_selectors: [app=mnist]}
      gateway: {api_version: networking.istio.io/v1, kind: Gateway, namespace: kubeflow, name: kubeflow-gateway}
      routes: {api_version: networking.istio.io/v1, kind: VirtualService, namespace: kubeflow}
  register: live

- name: Show which routes there are
  ansible.builtin.debug:
    msg: "{{ live.objects.routes | map(attribute='metadata.name') }}"
"""

RETURN = r"""
objects:
  description: The objects of each query, by its name.
  returned: success
  type: dict
  sample: {deployments: [], gateway: [{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: kubeflow-gateway, namespace: kubeflow}}], routes: []}
kubernetes:
  description: The API server's version, without its patch.
  returned: success
  type: str
  sample: "1.34"
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.tfserving.istio.plugins.module_utils._cluster.client import Client
from ansible_collections.tfserving.istio.plugins.module_utils._cluster.discover import discover, version
from ansible_collections.tfserving.istio.plugins.module_utils._module import ClusterModule
from ansible_collections.tfserving.istio.plugins.module_utils._spec.query import read_queries


def read(client: Client, params: Mapping[str, Any], _check: bool) -> dict[str, Any]:
    queries = read_queries(params["queries"])
    return {"changed": False, "objects": discover(client, queries), "kubernetes": version(client)}


MODULE = ClusterModule({"queries": {"type": "dict", "required": True}}, read)


def main() -> None:
    MODULE.run()


if __name__ == "__main__":
    main()
