"""/etc/hosts, /etc/hostname and /etc/resolv.conf of a Pod (pure)."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]

CLUSTER_DOMAIN = "cluster.local"
_LONGEST_HOSTNAME = 63


def hostname(pod: Object) -> str:
    """The Pod's own name, cut to what the kernel takes."""
    name = pod["spec"].get("hostname") or pod["metadata"]["name"]
    return str(name)[:_LONGEST_HOSTNAME].rstrip("-.")


def hosts(pod: Object, address: str) -> str:
    """Content of /etc/hosts."""
    name, spec = hostname(pod), pod["spec"]
    names = [name]
    if spec.get("subdomain"):
        names.insert(0, f"{name}.{spec['subdomain']}.{pod['metadata']['namespace']}.svc.{CLUSTER_DOMAIN}")
    lines = ["# Kubernetes-managed hosts file.", "127.0.0.1\tlocalhost", "::1\tlocalhost ip6-localhost ip6-loopback"]
    lines.append(f"{address}\t" + "\t".join(names))
    aliases = spec.get("hostAliases") or []
    lines += ["\t".join([alias["ip"], *(alias.get("hostnames") or [])]) for alias in aliases]
    return "\n".join(lines) + "\n"


def resolv_conf(pod: Object, server: str) -> str:
    """By the Pod's dnsPolicy and dnsConfig; `Default` is the cluster's server too, as the machine has no other."""
    spec, namespace = pod["spec"], pod["metadata"]["namespace"]
    servers: list[str] = []
    searches: list[str] = []
    options: dict[str, str | None] = {}
    if spec.get("dnsPolicy", "ClusterFirst") != "None":
        servers = [server]
        if spec.get("dnsPolicy") != "Default":
            searches = [f"{namespace}.svc.{CLUSTER_DOMAIN}", f"svc.{CLUSTER_DOMAIN}", CLUSTER_DOMAIN]
            options = {"ndots": "5"}
    config = spec.get("dnsConfig") or {}
    servers += config.get("nameservers") or []
    searches += config.get("searches") or []
    options.update({option["name"]: option.get("value") for option in config.get("options") or []})
    lines = [f"search {' '.join(searches)}"] if searches else []
    lines += [f"nameserver {address}" for address in servers]
    if options:
        lines.append("options " + " ".join(f"{key}:{value}" if value else key for key, value in options.items()))
    return "\n".join(lines) + "\n"
