# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: from_ksonnet
short_description: A model from the parameters of Kubeflow's ksonnet prototypes
version_added: 1.0.0
author:
  - The tfserving.istio contributors (@tfserving-istio)
description:
  - Translates parameters of C(tf-serving-deployment-gcp), C(tf-serving-deployment-aws) and C(tf-serving-service), as C(ks show) or
    C(params.libsonnet) have them, to a model of O(tfserving.istio.model#module:models).
options:
  _input:
    description:
      - The parameters of one prototype, or a list of those of a model's deployments and of its service.
      - The list's entries without C(modelBasePath) are the service.
    type: raw
    required: true
"""

EXAMPLES = r"""
- name: Serve what a ksonnet application served
  tfserving.istio.model:
    models:
      - "{{ parameters | tfserving.istio.from_ksonnet }}"
  vars:
    parameters:
      - {name: mnist-v1, modelName: mnist, versionName: v1, modelBasePath: "gs://bucket/mnist/1"}
      - {name: mnist-v2, modelName: mnist, versionName: v2, modelBasePath: "gs://bucket/mnist/2"}
      - {name: mnist-service, modelName: mnist, trafficRule: "v1:90,v2:10"}
"""

RETURN = r"""
_value:
  description: The model.
  type: dict
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.tfserving.istio.plugins.module_utils._ksonnet import from_ksonnet
from ansible_collections.tfserving.istio.plugins.module_utils._spec.errors import SpecError


def translate(value: Any) -> dict[str, Any]:
    try:
        return from_ksonnet(value)
    except SpecError as error:
        raise AnsibleFilterError(f"from_ksonnet: {error}") from error


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"from_ksonnet": translate}
