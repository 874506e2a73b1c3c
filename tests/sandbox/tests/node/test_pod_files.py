"""/etc/hosts and /etc/resolv.conf."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.node.pod_files import hostname, hosts, resolv_conf


def pod(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "mnist-v1-abc", "namespace": "kubeflow"}, "spec": spec}


def test_names_of_the_cluster_are_found_first() -> None:
    assert resolv_conf(pod(), "10.96.0.10") == (
        "search kubeflow.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n"
    )


def test_a_pod_can_say_everything_itself() -> None:
    config = {
        "nameservers": ["1.1.1.1"],
        "searches": ["corp"],
        "options": [{"name": "ndots", "value": "1"}, {"name": "rotate"}],
    }
    own = resolv_conf(pod(dnsPolicy="None", dnsConfig=config), "10.96.0.10")
    assert own == "search corp\nnameserver 1.1.1.1\noptions ndots:1 rotate\n"


def test_a_pod_finds_itself_and_its_aliases() -> None:
    text = hosts(
        pod(hostname="web-0", subdomain="web", hostAliases=[{"ip": "1.2.3.4", "hostnames": ["a", "b"]}]), "10.244.0.9"
    )
    assert "10.244.0.9\tweb-0.web.kubeflow.svc.cluster.local\tweb-0\n" in text
    assert "1.2.3.4\ta\tb\n" in text


@pytest.mark.parametrize(
    ("name", "expected"), [("short", "short"), ("x" * 70, "x" * 63), ("x" * 62 + "-" + "y" * 9, "x" * 62)]
)
def test_a_hostname_has_63_characters_at_most(name: str, expected: str) -> None:
    assert hostname({"metadata": {"name": name}, "spec": {}}) == expected
