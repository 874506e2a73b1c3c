# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""All objects of a model, in the order in which a first deployment writes them."""

from __future__ import annotations

from .._spec.model import Model
from .._spec.rule import Rule
from .._spec.version import Version
from .deployment import deployment
from .destination import destination_rule
from .meta import Object
from .routes import gateway_service, mesh_service
from .rule import Preview, Record, policy, rule_service
from .scaling import autoscaler, disruption_budget
from .server_config import config_map
from .service import model_service, version_service


def version_objects(model: Model, version: Version) -> list[Object]:
    """What serves one version, without any route to it."""
    objects = (
        config_map(model, version),
        deployment(model, version),
        version_service(model, version),
        destination_rule(model, version),
        autoscaler(model, version),
        disruption_budget(model, version),
    )
    return [entry for entry in objects if entry is not None]


def route_objects(model: Model, rule: Rule, record: Record, previews: tuple[Preview, ...] = ()) -> list[Object]:
    """The delegate first: a root that delegates to nothing routes nothing."""
    objects = (
        rule_service(model.name, model.namespace, rule, policy(model), record, previews),
        gateway_service(model),
        mesh_service(model),
    )
    return [entry for entry in objects if entry is not None]


def render(model: Model, rule: Rule) -> list[Object]:
    """Every object of a model whose traffic is shared by ``rule``."""
    workloads = [entry for version in model.versions for entry in version_objects(model, version)]
    return [
        *workloads,
        model_service(model, rule.largest()),
        *route_objects(model, rule, Record(declared=model.traffic)),
    ]
