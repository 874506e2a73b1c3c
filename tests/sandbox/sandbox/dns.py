"""The cluster's DNS: CoreDNS, which answers for the cluster and asks nobody else."""

from __future__ import annotations

from sandbox.controlplane import Service
from sandbox.health import answers_http
from sandbox.layout import CLUSTER_DOMAIN, NODE_IP, Layout

_READY_PORT = 8181


def service(layout: Layout) -> Service:
    """Writes its configuration. Ready once it knows the cluster's Services."""
    corefile = layout.run / "Corefile"
    corefile.write_text(f"""
{CLUSTER_DOMAIN} in-addr.arpa ip6.arpa {{
    bind {NODE_IP}
    errors
    ready 127.0.0.1:{_READY_PORT}
    kubernetes {{
        kubeconfig {layout.kubeconfig("dns")}
        ttl 5
    }}
}}
. {{
    bind {NODE_IP}
    template ANY ANY {{
        rcode NXDOMAIN
    }}
}}
""")
    return Service(
        "coredns", ("coredns", f"-conf={corefile}"), ready=lambda: answers_http("127.0.0.1", _READY_PORT, "/ready")
    )
