#!/usr/bin/python
# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: traffic
short_description: Share a model's traffic among its versions
version_added: 1.0.0
author:
  - The tfserving.istio contributors (@tfserving-istio)
description:
  - Moves the rule of a model that M(tfserving.istio.model) has deployed, by the same order and with the same proof.
  - The rule before the move is remembered; O(state=previous) goes back to it.
options:
  name:
    description: The model's name.
    type: str
    required: true
  namespace:
    description: The model's namespace.
    type: str
    default: kubeflow
  rule:
    description:
      - V(v1:90:v2:10), V(v1:90,v2:10) or a mapping of versions to percents, with at most one decimal, 100 in all. Quote the string forms.
      - Required with O(state=present).
    type: raw
  state:
    description:
      - V(present) moves traffic to O(rule).
      - V(previous) moves it back to the rule before the last move, exactly and at once, without waiting for proof. Its record is used up then;
        a second time is no change.
    type: str
    choices: [present, previous]
    default: present
  wait_timeout:
    description: Longest time that a version may take to become ready, and a gateway Pod to take up the rule, in seconds.
    type: int
    default: 300
  force:
    description: Whether to take over fields that another field manager owns.
    type: bool
    default: false
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - tfserving.istio.attributes
  - tfserving.istio.attributes.cluster
seealso:
  - module: tfserving.istio.model
  - module: tfserving.istio.model_info
"""

EXAMPLES = r"""
- name: Give v2 half of the traffic
  tfserving.istio.traffic:
    name: mnist
    namespace: kubeflow
    rule: "v1:50:v2:50"

- name: Go back to the rule from before
  tfserving.istio.traffic:
    name: mnist
    namespace: kubeflow
    state: previous
"""

RETURN = r"""
name:
  description: The model's name.
  returned: always
  type: str
namespace:
  description: Its namespace.
  returned: always
  type: str
rule:
  description: The rule C(before) and C(after).
  returned: always
  type: dict
  sample: {before: "v1:90:v2:10", after: "v1:50:v2:50"}
plan:
  description: The steps in their order, each with C(stage), C(action), C(target), C(reason), and C(changes) of single fields.
  returned: always
  type: list
  elements: dict
objects:
  description: What happened to each object that was written, as C(target) and C(result).
  returned: always
  type: list
  elements: dict
proof:
  description:
    - How it is known that the gateways have the rule; C(transport), C(gateway_pods), C(seconds) and C(notes).
    - Null where nothing was moved, and for an undo.
  returned: always
  type: dict
"""

from ansible_collections.tfserving.istio.plugins.module_utils._module import ClusterModule
from ansible_collections.tfserving.istio.plugins.module_utils._traffic import converge_traffic

MODULE = ClusterModule(
    {
        "name": {"type": "str", "required": True},
        "namespace": {"type": "str", "default": "kubeflow"},
        "rule": {"type": "raw"},
        "state": {"choices": ["present", "previous"], "default": "present"},
        "wait_timeout": {"type": "int", "default": 300},
        "force": {"type": "bool", "default": False},
    },
    converge_traffic,
)


def main() -> None:
    MODULE.run()


if __name__ == "__main__":
    main()
