# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""MODEL-rule: the VirtualService without hosts that holds the weights, the routes beside them and the previous rule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .._spec import names
from .._spec.model import Model
from .._spec.rule import Rule
from .meta import GRPC_PORT, REST_PORT, Object, digest, duration, metadata, present
from .trial import Cookie, Trial, asked

PROOF_HEADER = "x-tfserving-rule"
"""A request that carries it is answered by the proxy itself, with the digest of the routes that the proxy has."""

PREVIEW_HEADER = "x-tfserving-preview"
"""A request that carries it with the value of the preview reaches the preview's version."""

DECLARED, PREVIOUS = names.ANNOTATION + "declared-rule", names.ANNOTATION + "previous-rule"
ROLLOUT = names.ANNOTATION + "rollout"
SAFE_RETRIES = "connect-failure,refused-stream,reset-before-request"
"""Envoy's conditions under which a request cannot have been run yet."""

GRPC = {"content-type": {"prefix": "application/grpc"}}


@dataclass(frozen=True)
class Preview:
    """A route to a version without a share, for whoever knows ``token``. The token is a secret: reports redact it."""

    version: str
    token: str


@dataclass(frozen=True)
class Policy:
    """How requests of a model are forwarded. ``timeout`` in seconds, None for no limit."""

    timeout: float | None = None
    retries: int = 2


@dataclass(frozen=True)
class Record:
    """What MODEL-rule remembers beside the live rule. ``rollout`` is the candidate while a rollout moves the rule."""

    declared: Rule | None = None
    previous: Rule | None = None
    rollout: str | None = None


def policy(model: Model) -> Policy:
    return Policy(model.timeout, model.retries)


def rule_service(
    model: str,
    namespace: str,
    rule: Rule,
    how: Policy,
    record: Record,
    previews: tuple[Preview, ...] = (),
    trial: Trial | None = None,
) -> Object:
    """The VirtualService MODEL-rule."""
    http = routes(model, namespace, rule, how, previews, trial)
    annotations = present(
        {
            DECLARED: record.declared and str(record.declared),
            PREVIOUS: record.previous and str(record.previous),
            ROLLOUT: record.rollout,
        }
    )
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": metadata(names.rule(model), namespace, model, annotations=annotations),
        "spec": {"http": [beacon(http), *http]},
    }


def routes(
    model: str,
    namespace: str,
    rule: Rule,
    how: Policy,
    previews: tuple[Preview, ...] = (),
    trial: Trial | None = None,
) -> list[Object]:
    """The routes in the order in which they are tried; gRPC and REST reach different ports."""
    cookie, result = trial.cookie if trial else None, list[Object]()
    for kind, version, headers in _chosen(rule, previews, trial):
        for protocol, port, more in (("grpc", GRPC_PORT, GRPC), ("rest", REST_PORT, {})):
            name, matches = f"{kind}-{protocol}-{version}", [{**one, **more} for one in headers]
            result.append(_route(name, matches, _destinations(model, namespace, {version: 100}, port, cookie), how))
    for name, port, matches in (("grpc", GRPC_PORT, [GRPC]), ("rest", REST_PORT, [])):
        route = _route(name, matches, _destinations(model, namespace, rule.weights(), port, cookie), how)
        if trial and trial.mirror:
            route["mirror"] = _destination(model, namespace, trial.candidate, port)
            route["mirrorPercentage"] = {"value": trial.mirror}
        result.append(route)
    return result


def _chosen(rule: Rule, previews: tuple[Preview, ...], trial: Trial | None) -> Iterator[tuple[str, str, list[Object]]]:
    """Routes of one version that go before the shares: their kind, the version, and the headers of the requests that take them."""
    for preview in previews:
        yield "preview", preview.version, [{PREVIEW_HEADER: {"exact": preview.token}}]
    if trial and trial.match:
        yield "match", trial.candidate, [asked(condition) for condition in trial.match]
    if trial and trial.cookie:
        for version in rule.live:
            yield "sticky", version, [trial.cookie.asked(version)]


def beacon(http: list[Object]) -> Object:
    """The route that tells which routes a proxy has."""
    return {
        "name": "proof",
        "match": [{"headers": {PROOF_HEADER: {"exact": "digest"}}}],
        "directResponse": {"status": 200, "body": {"string": digest(http)}},
    }


def _destinations(
    model: str, namespace: str, weights: dict[str, int], port: int, cookie: Cookie | None = None
) -> list[Object]:
    return [
        {
            "destination": _destination(model, namespace, version, port),
            "weight": weight,
            **({"headers": {"response": {"add": {"set-cookie": cookie.given(version)}}}} if cookie else {}),
        }
        for version, weight in weights.items()
    ]


def _destination(model: str, namespace: str, version: str, port: int) -> Object:
    return {"host": names.host(names.version(model, version), namespace), "port": {"number": port}}


def _route(name: str, headers: list[Object], destinations: list[Object], how: Policy) -> Object:
    route: Object = {"name": name}
    if headers:
        route["match"] = [{"headers": one} for one in headers]
    route["route"] = destinations
    route["retries"] = {"attempts": how.retries, **({"retryOn": SAFE_RETRIES} if how.retries else {})}
    if how.timeout is not None:
        route["timeout"] = duration(how.timeout)
    return route
