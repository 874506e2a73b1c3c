#!/usr/bin/python
# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: model
short_description: Serve models with TensorFlow Serving behind Istio
version_added: 1.0.0
author:
  - The tfserving.istio contributors (@tfserving-istio)
description:
  - Brings models, their versions and the rule that shares their traffic to what is wanted, in an order that loses no request.
  - Workloads come first. Traffic moves when TensorFlow Serving says that the model is available, a hidden route to it answers through
    every gateway Pod, and is moved when every gateway Pod shows that it has the new weights.
  - Nothing is written where nothing differs. An object that the collection did not create is never taken over.
options:
  state:
    description:
      - V(present) makes models what O(models) says.
      - V(absent) removes them, routes first, workloads when nobody asks them any more. A model's name and namespace are enough then.
    type: str
    choices: [present, absent]
    default: present
  purge:
    description: Whether versions that O(models) omits are removed. One that still has traffic is kept, with a warning.
    type: bool
    default: false
  wait:
    description:
      - Whether to wait until versions serve, and to move traffic then.
      - Without it routes are written only where none stood before; a changed rule is left for the next run.
    type: bool
    default: true
  wait_timeout:
    description: Longest time that a version may take to become ready, and a gateway Pod to take up a route, in seconds.
    type: int
    default: 300
  quiet:
    description: How long nobody may have asked a version before it is deleted, in seconds.
    type: int
    default: 30
  force:
    description: Whether to take over fields that another field manager owns.
    type: bool
    default: false
  parallel:
    description: Requests to the API server that may be under way at once.
    type: int
    default: 16
extends_documentation_fragment:
  - tfserving.istio.models
  - kubernetes.core.k8s_auth_options
  - tfserving.istio.attributes
  - tfserving.istio.attributes.cluster
seealso:
  - module: tfserving.istio.traffic
  - module: tfserving.istio.model_info
  - module: tfserving.istio.manifests
"""

EXAMPLES = r"""
- name: Serve mnist
  tfserving.istio.model:
    models:
      - name: mnist
        namespace: kubeflow
        versions:
          - {name: v1, base_path: "gs://kubeflow-examples-data/mnist", model_version: 1}

- name: Add a second version and give it a tenth of the traffic
  tfserving.istio.model:
    models:
      - name: mnist
        namespace: kubeflow
        base_path: gs://kubeflow-examples-data/mnist
        traffic: "v1:90:v2:10"
        versions:
          - {name: v1, model_version: 1}
          - {name: v2, model_version: 2}

- name: Move all traffic to v2 and remove v1 when nobody asks it any more
  tfserving.istio.model:
    purge: true
    models:
      - name: mnist
        namespace: kubeflow
        base_path: gs://kubeflow-examples-data/mnist
        traffic: "v2:100"
        versions:
          - {name: v2, model_version: 2}

- name: Remove the model
  tfserving.istio.model:
    state: absent
    models:
      - {name: mnist, namespace: kubeflow}
"""

RETURN = r"""
models:
  description: One entry a model, in the order of O(models).
  returned: success, and failure after planning
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
    changed:
      description: Whether its plan has anything to write.
      type: bool
      returned: always
    rule:
      description: The rule C(before) and C(after), null where there is none.
      type: dict
      returned: always
      sample: {before: "v1:100", after: "v1:90:v2:10"}
    plan:
      description: The steps in their order, each with C(stage), C(action), C(target), C(reason), and C(changes) of single fields.
      type: list
      elements: dict
      returned: always
    objects:
      description: What happened to each object that was written, as C(target) and C(result), which is created, changed or deleted.
      type: list
      elements: dict
      returned: always
    served:
      description: Integers that TensorFlow Serving really serves, by version, of the versions that were waited for and of those without a pin.
      type: dict
      returned: always
      sample: {v2: [2]}
    proof:
      description: How it is known that the gateways have the rule; C(transport), C(gateway_pods), C(seconds) and C(notes). Null where no route was written.
      type: dict
      returned: always
    quiet:
      description: How it is known that nobody asks a removed version any more, by version.
      type: dict
      returned: always
"""

from ansible_collections.tfserving.istio.plugins.module_utils._model import converge_models
from ansible_collections.tfserving.istio.plugins.module_utils._module import ClusterModule

MODULE = ClusterModule(
    {
        "models": {"type": "list", "elements": "dict", "required": True},
        "state": {"choices": ["present", "absent"], "default": "present"},
        "purge": {"type": "bool", "default": False},
        "wait": {"type": "bool", "default": True},
        "wait_timeout": {"type": "int", "default": 300},
        "quiet": {"type": "int", "default": 30},
        "force": {"type": "bool", "default": False},
        "parallel": {"type": "int", "default": 16},
    },
    converge_models,
)


def main() -> None:
    MODULE.run()


if __name__ == "__main__":
    main()
