#!/usr/bin/python
# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: model_info
short_description: Read models, their versions and their traffic
version_added: 1.0.0
author:
  - The tfserving.istio contributors (@tfserving-istio)
description:
  - Tells for one model, a namespace or a whole cluster what M(tfserving.istio.model) deployed there and how it is.
options:
  name:
    description: Read this model only.
    type: str
  namespace:
    description: Read this namespace only. Without it every namespace is read, which needs the right to list in all of them.
    type: str
  served:
    description: Whether TensorFlow Serving is asked, in every ready Pod, which integers it serves.
    type: bool
    default: true
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - tfserving.istio.attributes.info
  - tfserving.istio.attributes.cluster
seealso:
  - module: tfserving.istio.model
"""

EXAMPLES = r"""
- name: Read one model
  tfserving.istio.model_info:
    name: mnist
    namespace: kubeflow
  register: info

- name: Read every model of the cluster
  tfserving.istio.model_info:
  register: info
"""

RETURN = r"""
models:
  description: One entry a model, ordered by namespace and name. Empty where there is none.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The model's name.
      type: str
      returned: always
    namespace:
      description: Its namespace.
      type: str
      returned: always
    rule:
      description: Percents by version as they are live, null where there is no rule.
      type: dict
      returned: always
      sample: {v1: 90, v2: 10}
    declared_rule:
      description: The rule that was declared last.
      type: dict
      returned: always
    previous_rule:
      description: The rule before the last move, null where there is none or it was gone back to.
      type: dict
      returned: always
    selected:
      description: The version that callers without a sidecar reach by the model's Service.
      type: str
      returned: always
    rollout:
      description:
        - The last rollout; C(candidate), C(baseline), C(phase), C(step) of C(steps), C(weight) in percent, what it C(gets) in words, C(reason),
          C(due) (when its next slice is due, in seconds since the epoch), C(abandoned) (past due, and nobody drives it), C(virtual_service) (that of
          somebody else's which it moves, or null), and C(status), one line of all that.
        - Null where there was none. Only C(problem), in words, where it cannot be read.
      type: dict
      returned: always
    problems:
      description: What could not be read, in words.
      type: list
      elements: str
      returned: always
    versions:
      description: The versions.
      type: list
      elements: dict
      returned: always
      contains:
        name:
          description: The version's name.
          type: str
          returned: always
        percent:
          description: Its share of the traffic.
          type: float
          returned: always
        model_name:
          description: TensorFlow Serving's name of the model.
          type: str
          returned: always
        images:
          description: Images of its containers.
          type: list
          elements: str
          returned: always
        replicas:
          description: Pods that it is to have.
          type: int
          returned: always
        ready_replicas:
          description: Pods that are ready.
          type: int
          returned: always
        ready_endpoints:
          description: Addresses of its Service that get requests.
          type: int
          returned: always
        served:
          description: Integers that every ready Pod serves, null where they were not asked or did not answer.
          type: list
          elements: int
          returned: always
        conditions:
          description: Conditions of its Deployment.
          type: list
          elements: dict
          returned: always
foreign:
  description: The last rollouts in VirtualServices that somebody else owns; their models are not among C(models) unless they are this collection's.
  type: list
  elements: dict
  returned: always
  contains:
    name:
      description: The rollout's name.
      type: str
      returned: always
    namespace:
      description: Its namespace.
      type: str
      returned: always
    virtual_service:
      description: The VirtualService whose weights it moves, or has moved.
      type: str
      returned: always
    rollout:
      description: As the C(rollout) of a model.
      type: dict
      returned: always
"""

from ansible_collections.tfserving.istio.plugins.module_utils._model_info import read_info
from ansible_collections.tfserving.istio.plugins.module_utils._module import ClusterModule

MODULE = ClusterModule(
    {
        "name": {"type": "str"},
        "namespace": {"type": "str"},
        "served": {"type": "bool", "default": True},
    },
    lambda client, params, _check: read_info(client, params),
)


def main() -> None:
    MODULE.run()


if __name__ == "__main__":
    main()
