#!/usr/bin/python
# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: manifests
short_description: Render models as Kubernetes manifests, without a cluster
version_added: 1.0.0
author:
  - The tfserving.istio contributors (@tfserving-istio)
description:
  - Renders the objects that M(tfserving.istio.model) would apply to an empty namespace, for GitOps or for reading.
  - The same input gives the same bytes. Neither a cluster nor the C(kubernetes) package is needed.
options:
  dest:
    description: Directory for one file a model, C(NAMESPACE_NAME.yaml), created where it is missing.
    type: path
  prune:
    description: Whether files in O(dest) that this module wrote for other models are removed.
    type: bool
    default: false
extends_documentation_fragment:
  - tfserving.istio.models
  - tfserving.istio.attributes
requirements:
  - PyYAML, where O(dest) is given
seealso:
  - module: tfserving.istio.model
"""

EXAMPLES = r"""
- name: Write manifests for Argo CD or Flux
  tfserving.istio.manifests:
    dest: manifests
    prune: true
    models:
      - name: mnist
        namespace: kubeflow
        base_path: gs://kubeflow-examples-data/mnist
        traffic: "v1:90:v2:10"
        versions:
          - {name: v1, model_version: 1}
          - {name: v2, model_version: 2}

- name: Look at what a model is made of
  tfserving.istio.manifests:
    models:
      - name: mnist
        versions:
          - {name: v1, base_path: "gs://kubeflow-examples-data/mnist", model_version: 1}
  register: rendered
"""

RETURN = r"""
manifests:
  description: All objects, model by model, in the order in which a first deployment writes them.
  returned: always
  type: list
  elements: dict
files:
  description: Files that hold the models.
  returned: when O(dest) is given
  type: list
  elements: str
removed:
  description: Files that were removed.
  returned: when O(dest) is given
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.tfserving.istio.plugins.module_utils._manifests import write_manifests
from ansible_collections.tfserving.istio.plugins.module_utils._spec.errors import SpecError


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "models": {"type": "list", "elements": "dict", "required": True},
            "dest": {"type": "path"},
            "prune": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    try:
        result = write_manifests(module.params, module.check_mode)
    except ImportError:
        module.fail_json(msg=missing_required_lib("PyYAML"))
    except (SpecError, OSError) as error:
        module.fail_json(msg=str(error))
    for warning in result.pop("warnings"):
        module.warn(warning)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
