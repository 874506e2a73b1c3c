"""The control plane's programs: their arguments, and how each is known to work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.health import answers_http, answers_https
from sandbox.layout import API_PORT, MANIFESTS, NODE_IP, NODE_NAME, NODE_PORTS, POD_CIDR, SERVICE_CIDR, Layout

_FRUGAL = {"GOGC": "300"}
"""The heaps are small, and the cores are few: takes memory for time."""

_ISSUER = "https://kubernetes.default.svc.cluster.local"


@dataclass(frozen=True)
class Service:
    """A program that the machine keeps running.

    name: also its log's name. ready: returns once True when the program works; called again and again until then.
    environment: added to the machine's own.
    """

    name: str
    command: tuple[str, ...]
    ready: Callable[[], bool]
    environment: dict[str, str] = field(default_factory=dict)


def etcd(layout: Layout) -> Service:
    """Its data need not outlive the machine: without fsync."""
    return Service(
        "etcd",
        (
            "etcd",
            f"--data-dir={layout.run / 'etcd'}",
            "--unsafe-no-fsync",
            "--log-level=warn",
            "--listen-client-urls=http://127.0.0.1:2379",
            "--advertise-client-urls=http://127.0.0.1:2379",
            "--listen-peer-urls=http://127.0.0.1:2380",
        ),
        ready=lambda: answers_http("127.0.0.1", 2379, "/health"),
        environment=_FRUGAL,
    )


def apiserver(layout: Layout) -> Service:
    """Real authentication, RBAC and admission; one audit line a request."""
    pki = layout.pki
    return Service(
        "kube-apiserver",
        (
            "kube-apiserver",
            "--etcd-servers=http://127.0.0.1:2379",
            f"--advertise-address={NODE_IP}",
            f"--secure-port={API_PORT}",
            f"--tls-cert-file={pki}/apiserver.crt",
            f"--tls-private-key-file={pki}/apiserver.key",
            f"--client-ca-file={pki}/ca.crt",
            f"--kubelet-client-certificate={pki}/apiserver-kubelet-client.crt",
            f"--kubelet-client-key={pki}/apiserver-kubelet-client.key",
            f"--kubelet-certificate-authority={pki}/ca.crt",
            "--kubelet-preferred-address-types=InternalIP",
            f"--service-account-issuer={_ISSUER}",
            f"--service-account-key-file={pki}/service-account.pub",
            f"--service-account-signing-key-file={pki}/service-account.key",
            f"--api-audiences={_ISSUER},https://kubernetes.default.svc,istio-ca",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            f"--service-cluster-ip-range={SERVICE_CIDR}",
            f"--service-node-port-range={NODE_PORTS}",
            "--allow-privileged=true",
            "--enable-aggregator-routing=true",  # webhooks are called at Pod addresses, before kube-proxy knows them
            "--profiling=false",
            f"--audit-policy-file={MANIFESTS / 'audit-policy.yml'}",
            f"--audit-log-path={layout.audit_log}",
            "--audit-log-maxsize=1000",
        ),
        ready=lambda: answers_https(layout, NODE_IP, API_PORT, "/readyz"),
        environment=_FRUGAL,
    )


def controller_manager(layout: Layout) -> Service:
    """Every controller with a service account of its own, as on a real cluster. Ready when Pods can be made."""
    pki, config = layout.pki, layout.kubeconfig("controller-manager")
    return Service(
        "kube-controller-manager",
        (
            "kube-controller-manager",
            f"--kubeconfig={config}",
            f"--authentication-kubeconfig={config}",
            f"--authorization-kubeconfig={config}",
            "--use-service-account-credentials=true",
            "--leader-elect=false",
            f"--service-account-private-key-file={pki}/service-account.key",
            f"--root-ca-file={pki}/ca.crt",
            f"--cluster-signing-cert-file={pki}/ca.crt",
            f"--cluster-signing-key-file={pki}/ca.key",
            "--profiling=false",
            f"--cert-dir={layout.run / 'controller-manager'}",
        ),
        ready=lambda: answers_https(layout, NODE_IP, API_PORT, "/api/v1/namespaces/default/serviceaccounts/default"),
        environment=_FRUGAL,
    )


def scheduler(layout: Layout) -> Service:
    """The default profile."""
    config = layout.kubeconfig("scheduler")
    return Service(
        "kube-scheduler",
        (
            "kube-scheduler",
            f"--kubeconfig={config}",
            f"--authentication-kubeconfig={config}",
            f"--authorization-kubeconfig={config}",
            "--leader-elect=false",
            "--profiling=false",
            f"--cert-dir={layout.run / 'scheduler'}",
        ),
        ready=lambda: answers_https(layout, "127.0.0.1", 10259, "/healthz", verify=False),
        environment=_FRUGAL,
    )


def proxy(layout: Layout) -> Service:
    """Connection tracking limits belong to the computer, not to this network namespace: left alone."""
    return Service(
        "kube-proxy",
        (
            "kube-proxy",
            f"--kubeconfig={layout.kubeconfig('proxy')}",
            "--proxy-mode=nftables",
            f"--hostname-override={NODE_NAME}",
            f"--cluster-cidr={POD_CIDR}",
            "--healthz-bind-address=127.0.0.1:10256",
            "--conntrack-max-per-core=0",
            "--conntrack-tcp-timeout-established=0",
            "--conntrack-tcp-timeout-close-wait=0",
        ),
        ready=lambda: answers_http("127.0.0.1", 10256, "/livez"),
    )
