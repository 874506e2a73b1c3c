# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: rule
short_description: Percents by version from a traffic rule
version_added: 1.0.0
author:
  - The tfserving.istio contributors (@tfserving-istio)
description:
  - Reads a rule in any of its forms, with the checks of M(tfserving.istio.traffic).
options:
  _input:
    description: The rule, V(v1:90:v2:10), V(v1:90,v2:10) or a mapping.
    type: raw
    required: true
"""

EXAMPLES = r"""
- name: Tell the share of v2
  ansible.builtin.debug:
    msg: "{{ ('v1:90:v2:10' | tfserving.istio.rule).v2 }} percent"
"""

RETURN = r"""
_value:
  description: Percents by version, in the rule's order.
  type: dict
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.tfserving.istio.plugins.module_utils._spec.errors import SpecError
from ansible_collections.tfserving.istio.plugins.module_utils._spec.rule import read_rule


def percents(value: Any) -> dict[str, Any]:
    try:
        return read_rule(value).percents()
    except SpecError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"rule": percents}
