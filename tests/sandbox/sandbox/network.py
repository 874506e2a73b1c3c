"""The machine's network: one bridge for the Pods, and no way out."""

from __future__ import annotations

import ipaddress
import subprocess
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.host import find_program
from sandbox.layout import NODE_IP, POD_CIDR, SERVICE_CIDR

BRIDGE = "cni0"
_PREFIX = ipaddress.ip_network(POD_CIDR).prefixlen

# The bridge's own MAC address is fixed: left alone it changes with the first port, and Pods would hold a stale one.
# Service addresses need a route before kube-proxy rewrites them; anything else fails at once instead of timing out.
_SETUP = f"""
link set lo up
link add {BRIDGE} address 0a:58:0a:f4:00:01 type bridge stp_state 0 forward_delay 0
address add {NODE_IP}/{_PREFIX} dev {BRIDGE}
link set {BRIDGE} up
route add {SERVICE_CIDR} dev {BRIDGE} src {NODE_IP}
route add unreachable default
"""

_SYSCTLS = {
    "net/ipv4/ip_forward": "1",
    # Pods reach each other through this machine; a redirect would let answers bypass kube-proxy's translation.
    "net/ipv4/conf/all/send_redirects": "0",
    f"net/ipv4/conf/{BRIDGE}/send_redirects": "0",
}


def configure() -> None:
    """Set up the network namespace this process is in; raises SandboxError."""
    command = [find_program("ip") or "ip", "-batch", "-"]
    result = subprocess.run(command, input=_SETUP, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise SandboxError(f"The private network could not be set up: {result.stderr.strip()}.")
    for name, value in _SYSCTLS.items():
        Path("/proc/sys", name).write_text(value)
