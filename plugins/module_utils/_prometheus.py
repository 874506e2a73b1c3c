# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Questions to Prometheus: the one file that talks to it."""

from __future__ import annotations

import json
import math
import socket
import ssl
import time
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode

from ._cluster.client import Client
from ._cluster.errors import ClusterError, refused, untrusted
from ._rollout.counters import DURATION, MOST, Counters, Series, advance, counts, matching, query, shown
from ._spec.prometheus import PrometheusOptions

REDIRECTS = range(300, 400)


class PrometheusError(Exception):
    """No evidence: says where it was asked for, what happened and what to do. Holds nothing secret."""


class Prometheus:
    """One Prometheus (or what speaks its HTTP API). ``client``: needed where the options name a Service. ``asked``: its queries so far."""

    def __init__(self, options: PrometheusOptions, client: Client | None = None) -> None:
        self._options, self._client = options, client
        self.asked: list[str] = []
        self._place = options.url or f"Service {options.service} through the API server"

    def samples(self, query: str, at: float | None = None) -> list[Series]:
        """The series that an instant query of a range or instant selector gives. Raises PrometheusError."""
        answer = self._query(query, at)
        if answer.get("warnings"):
            raise PrometheusError(f"{self._place} has only a part of the answer to {query}: {answer['warnings'][0]}")
        kind, found = _result(answer)
        if kind not in ("matrix", "vector"):
            raise PrometheusError(f"{self._place} gives a {kind} for {query}; a selector of series is needed")
        try:
            return [_series(entry) for entry in found]
        except (KeyError, TypeError, ValueError):
            raise PrometheusError(f"{self._place} gives series of another form than Prometheus' for {query}") from None

    def value(self, query: str, at: float | None = None) -> float | None:
        """The one number that a query gives, or None where it gives none. Raises PrometheusError (several series, NaN, infinite)."""
        kind, found = _result(self._query(query, at))
        if kind not in ("scalar", "vector"):
            raise PrometheusError(
                f"the query {query} gives a {kind} and not one number; aggregate it, for instance by sum(rate(...))"
            )
        points = [found] if kind == "scalar" else [entry.get("value") for entry in found]
        if not points:
            return None
        if len(points) > 1:
            raise PrometheusError(
                f"the query {query} gives {len(points)} series and not one number; aggregate it, for instance by sum(...)"
            )
        try:
            number = float(points[0][1])
        except (IndexError, TypeError, ValueError):
            raise PrometheusError(f"{self._place} gives no number for {query}") from None
        if not math.isfinite(number):
            why = "it divides by zero, as where there were no requests" if math.isnan(number) else "it divides by zero"
            raise PrometheusError(f"the query {query} gives {points[0][1]}, which is no evidence: {why}")
        return number

    def time(self) -> float:
        """Prometheus' own clock: the time that a shift is noted with. Raises PrometheusError."""
        now = self.value("time()")
        if now is None:
            raise PrometheusError(f"{self._place} does not tell its time")
        return now

    def look(self, counters: Counters) -> Counters:
        """One round for both versions and all rate gates: one request.

        Raises PrometheusError, also for a boundary that is no bucket, and for more series than a rollout can keep.
        """
        after = advance(counters, self.samples(self.asks(counters, time.time())))
        if len(after.series) > MOST:
            raise PrometheusError(
                f"{self._place} has {len(after.series)} series of the proxies that call {' and '.join(counters.versions)}, and a rollout can go by "
                f"{MOST}; judge it by fewer callers (prometheus.labels, for instance source_workload: istio-ingressgateway), or by fewer boundaries"
            )
        for version in counters.versions:
            found = counts(after, version)
            missing = [
                boundary for boundary in counters.boundaries if found.timed and shown(boundary) not in found.slow
            ]
            if missing:
                self.check_boundaries(missing)
        return after

    def asks(self, counters: Counters, now: float) -> str:
        """The query of a look."""
        return query(counters, now, self._options.labels)

    def check_boundaries(self, boundaries: Iterable[float]) -> None:
        """Raise PrometheusError, with the buckets that there are, where a boundary is none of them. No histogram yet: nothing to say."""
        matchers = ",".join(matching({"reporter": "source", **self._options.labels}))
        selector = f"{DURATION}_bucket{{{matchers}}}"
        answer = self._ask("label/le/values", {"match[]": selector, "start": f"{time.time() - 3600:.0f}"}, selector)
        try:
            buckets = sorted(float(text) for text in answer["data"])
        except (KeyError, TypeError, ValueError):
            raise PrometheusError(f"{self._place} gives no values of the label le for {selector}") from None
        for boundary in boundaries:
            if buckets and boundary not in buckets:
                known = ", ".join(shown(bucket) for bucket in buckets if math.isfinite(bucket))
                raise PrometheusError(
                    f"{boundary:g} ms is no bucket of {DURATION}; take one of {known} as the gate's boundary, or add it to the proxies' "
                    "histogram_buckets (annotation sidecar.istio.io/statsHistogramBuckets)"
                )

    def _query(self, text: str, at: float | None) -> dict[str, Any]:
        self.asked.append(text)
        return self._ask("query", {"query": text, **({} if at is None else {"time": f"{at:.3f}"})}, text)

    def _ask(self, path: str, parameters: Mapping[str, str], about: str) -> dict[str, Any]:
        question = f"/api/v1/{path}?{urlencode(parameters)}"
        status, body = self._by_service(question) if self._options.service else self._by_url(question)
        try:
            answer = json.loads(body)
        except ValueError:
            answer = None
        if isinstance(answer, dict) and answer.get("status") == "error":
            raise PrometheusError(
                f"{self._place} {_refusal(str(answer.get('errorType')))} {about}: {answer.get('error')}"
            )
        if status != 200:
            raise PrometheusError(self._unwell(status, body))
        if not isinstance(answer, dict) or answer.get("status") != "success":
            raise PrometheusError(
                f"{self._place} gives an answer that is not Prometheus': {_brief(body)}. Is that its own address, not a dashboard's or a login page's?"
            )
        return answer

    def _by_service(self, question: str) -> tuple[int, bytes]:
        if self._client is None:
            raise PrometheusError(f"{self._place} needs a connection to the cluster")
        namespace, _slash, place = str(self._options.service).partition("/")
        service, _slash, prefix = place.partition("/")
        path = f"/api/v1/namespaces/{namespace}/services/{service}/proxy/{prefix}".rstrip("/")
        target = f"Prometheus at Service {namespace}/{service}"
        try:
            status, body = self._client.raw(path + question, target, timeout=self._options.timeout)
        except ClusterError as error:
            raise PrometheusError(str(error)) from None
        said = None if status == 200 else _of_the_api_server(body)
        if said is not None and status in (502, 503, 504):
            raise PrometheusError(f"cannot reach {target}: {said}; check that its Pods are ready and the port is right")
        if said is not None:
            raise PrometheusError(str(refused(status, body, "reach", target)))
        return status, body

    def _by_url(self, question: str) -> tuple[int, bytes]:
        # Loaded where it is needed: that takes as long as a round.
        from ansible.module_utils.urls import ConnectionError as NoConnection
        from ansible.module_utils.urls import open_url

        options = self._options
        headers = dict(options.headers)
        if options.token:
            headers["Authorization"] = f"Bearer {options.token}"
        try:
            answer = open_url(
                f"{options.url}{question}",
                headers=headers,
                timeout=options.timeout,
                url_username=options.username,
                url_password=options.password,
                force_basic_auth=bool(options.username),
                validate_certs=options.validate_certs,
                ca_path=options.ca_cert,
                client_cert=options.client_cert,
                client_key=options.client_key,
                follow_redirects="none",
                use_netrc=False,
            )
            return answer.status, answer.read()
        except HTTPError as error:
            return error.code, error.headers.get("Location", "").encode() if error.code in REDIRECTS else error.read()
        except (NoConnection, URLError, OSError, ValueError) as error:
            raise PrometheusError(self._unreached(error)) from None

    def _unreached(self, error: Exception) -> str:
        # That of an error of TLS is a text.
        reason = error if isinstance(error, ssl.SSLError) else getattr(error, "reason", None) or error
        if isinstance(reason, (FileNotFoundError, PermissionError)):
            return f"ca_cert, client_cert or client_key for {self._place} cannot be read on the host that runs the module: {reason.strerror}"
        if isinstance(reason, (TimeoutError, socket.timeout)) or "timed out" in str(reason):
            return (
                f"{self._place} does not answer within {self._options.timeout:g} s; check the address, or raise timeout"
            )
        if isinstance(reason, ssl.SSLError) and untrusted(reason):
            return f"{self._place} is not trusted: {reason}; check ca_cert, and client_cert where it asks for one"
        return f"{self._place} cannot be reached: {reason}; check that it is up and the address is right"

    def _unwell(self, status: int, body: bytes) -> str:
        if status in (401, 403):
            given = any((self._options.token, self._options.username, self._options.client_cert, self._options.headers))
            advice = (
                "does not accept the credentials"
                if given
                else "wants credentials: give token, or username and password"
            )
            return f"{self._place} {advice} ({status})"
        if status in REDIRECTS:
            return f"{self._place} sends us on to {body.decode(errors='replace').split('?')[0]}; give that address, or credentials where it is a login page"
        if status == 404:
            return f"{self._place} has no /api/v1/query (404); does its address have a path?"
        return f"{self._place} answers {status}: {_brief(body)}; look at its own log"


def _result(answer: Mapping[str, Any]) -> tuple[str, Any]:
    data = answer.get("data")
    kind, found = (data.get("resultType"), data.get("result")) if isinstance(data, dict) else (None, None)
    if not isinstance(kind, str) or not isinstance(found, list):
        raise PrometheusError("an answer without a result came in Prometheus' stead; is the address its own?")
    return kind, found


def _series(entry: Mapping[str, Any]) -> Series:
    points = entry["values"] if "values" in entry else [entry["value"]] if "value" in entry else []
    samples = tuple((float(moment), float(value)) for moment, value in points)
    return Series(dict(entry["metric"]), tuple(sample for sample in samples if math.isfinite(sample[1])))


def _refusal(kind: str) -> str:
    return {"bad_data": "rejects the query", "timeout": "is too slow for", "canceled": "gave up"}.get(
        kind, "cannot evaluate"
    )


def _of_the_api_server(body: bytes) -> str | None:
    """What an error says that is the API server's own, and not what it passes on."""
    try:
        answer = json.loads(body)
    except ValueError:
        return None
    return str(answer.get("message")) if isinstance(answer, dict) and answer.get("kind") == "Status" else None


def _brief(body: bytes) -> str:
    text = " ".join(body[:400].decode(errors="replace").split())
    return text[:160] or "nothing"
