"""Proxies that show what a test says, and a Prometheus of its own that scrapes them: series of the shape of Istio's stats filter.

Upstream Envoy, which the sandbox has, lacks that filter.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from .cluster import Cluster, all_ready
from .settings import Settings

SERVE = """
import http.server, pathlib, sys
page = "0"
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        global page
        if self.path.startswith("/turn/"):
            page = self.path.rpartition("/")[2]
        body = pathlib.Path(f"/pages/{sys.argv[1]}-{page}").read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
http.server.ThreadingHTTPServer(("", int(sys.argv[2])), Handler).serve_forever()
"""
BUCKETS = (
    0.5,
    1,
    5,
    10,
    25,
    50,
    100,
    250,
    500,
    1000,
    2500,
    5000,
    10000,
    30000,
    60000,
    300000,
    600000,
    1800000,
    3600000,
)
"""Those of Istio's proxies, in milliseconds."""

FAST, SLOW = 40.0, 700.0
"""What a request takes, in milliseconds."""


@dataclass(frozen=True)
class Answers:
    """One series of istio_requests_total and its histogram: ``count`` requests, of which ``slow`` took long."""

    service: str
    count: int
    slow: int = 0
    code: str = "200"
    flags: str = "-"
    status: str = ""

    def lines(self) -> Iterator[str]:
        """In Prometheus' text format."""
        labels = {
            "reporter": "source",
            "source_workload": "istio-ingressgateway",
            "source_principal": "unknown",
            "destination_workload": "unknown",
            "destination_service": self.service,
            "destination_service_name": self.service.partition(".")[0],
            "request_protocol": "grpc" if self.status else "http",
            "response_code": self.code,
            "grpc_response_status": self.status,
            "response_flags": self.flags,
            "connection_security_policy": "unknown",
        }
        text = ",".join(f'{name}="{value}"' for name, value in labels.items())
        yield f"istio_requests_total{{{text}}} {self.count}"
        for bucket in BUCKETS:
            within = (self.count - self.slow) * (bucket >= FAST) + self.slow * (bucket >= SLOW)
            yield f'istio_request_duration_milliseconds_bucket{{{text},le="{bucket}"}} {within}'
        yield f'istio_request_duration_milliseconds_bucket{{{text},le="+Inf"}} {self.count}'
        yield f"istio_request_duration_milliseconds_count{{{text}}} {self.count}"


Pages = Mapping[str, list[list[Answers]]]
"""What each proxy shows, page after page."""


POD = "prometheus"


@dataclass(frozen=True)
class Exposition:
    """One Pod: the proxies, a container and a port each, and the Prometheus that scrapes them every second."""

    cluster: Cluster
    namespace: str
    ports: dict[str, int]

    @property
    def service(self) -> str:
        """As the option ``prometheus.service`` names it."""
        return f"{self.namespace}/{POD}:9090"

    def turn(self, page: int) -> None:
        """Have all proxies show a page from now on."""
        for port in self.ports.values():
            path = f"/api/v1/namespaces/{self.namespace}/pods/{POD}:{port}/proxy/turn/{page}"
            self.cluster.kubectl("get", "--raw", path)


@contextmanager
def exposed(cluster: Cluster, settings: Settings, namespace: str, pages: Pages) -> Iterator[Exposition]:
    """Proxies that show the first page, and a Prometheus that knows them."""
    ports = {name: port for port, name in enumerate(pages, 8081)}
    targets = [f"127.0.0.1:{port}" for port in ports.values()]
    scrape = {"job_name": "proxies", "static_configs": [{"targets": targets}]}
    files = {f"{name}-{i}": _text(page) for name, own in pages.items() for i, page in enumerate(own)}
    files["prometheus.yml"] = json.dumps({"global": {"scrape_interval": "1s"}, "scrape_configs": [scrape]})
    command = ["prometheus", "--config.file=/pages/prometheus.yml", "--storage.tsdb.path=/tmp"]
    containers = [
        _container(name, settings.caller_image, port, ["python3", "-c", SERVE, name, str(port)])
        for name, port in ports.items()
    ]
    containers.append(_container("prometheus", "prom/prometheus:v3.14.0", 9090, command))
    with cluster.namespace(namespace):
        cluster.apply(*_objects(namespace, containers, files))
        cluster.wait(cluster.core.list_namespaced_pod, namespace, done=all_ready(1))
        yield Exposition(cluster, namespace, ports)


def _text(page: list[Answers]) -> str:
    return "".join(f"{line}\n" for answers in page for line in answers.lines())


def _container(name: str, image: str, port: int, command: list[str]) -> dict[str, Any]:
    return {
        "name": name,
        "image": image,
        "command": command,
        "readinessProbe": {"tcpSocket": {"port": port}, "periodSeconds": 1},
        "volumeMounts": [{"name": "files", "mountPath": "/pages"}],
    }


def _objects(namespace: str, containers: list[dict[str, Any]], files: dict[str, str]) -> list[dict[str, Any]]:
    metadata = {
        "name": POD,
        "namespace": namespace,
        "labels": {"app": POD, "sidecar.istio.io/inject": "false"},
    }
    volumes = [{"name": "files", "configMap": {"name": POD}}]
    specs: dict[str, dict[str, Any]] = {
        "ConfigMap": {"data": files},
        "Service": {"spec": {"selector": {"app": POD}, "ports": [{"port": 9090}]}},
        "Pod": {"spec": {"terminationGracePeriodSeconds": 1, "containers": containers, "volumes": volumes}},
    }
    return [{"apiVersion": "v1", "kind": kind, "metadata": metadata, **spec} for kind, spec in specs.items()]
