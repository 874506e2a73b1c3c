"""What the machine must bring, checked at once and said in one message. Standard library only: it runs before .venv exists.

`python3 tests/harness/system.py` explains what is missing and exits with 1; with `--packages` it prints only their names in Debian.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys

# program: (Debian's package, what it is for). Debian keeps some of them out of an ordinary user's PATH.
PROGRAMS = {
    "unshare": ("util-linux", "gives the sandbox its own machine"),
    "ip": ("iproute2", "gives every Pod its own network"),
    "nft": ("nftables", "kube-proxy's rules"),
    "iptables": ("iptables", "istio-init's rules"),
}
SYSTEM_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"])


def missing() -> dict[str, tuple[str, str]]:
    """Return the programs that are missing, each with its Debian package and what it is for."""
    wanted = dict(PROGRAMS)
    if os.geteuid() != 0:
        wanted["newuidmap"] = ("uidmap", "gives sidecars their own user, without root")
    found = {name: why for name, why in wanted.items() if not shutil.which(name, path=SYSTEM_PATH)}
    if importlib.util.find_spec("ensurepip") is None:
        found["ensurepip"] = (
            f"python{sys.version_info.major}.{sys.version_info.minor}-venv",
            "makes the virtual environment",
        )
    return found


def packages() -> list[str]:
    """Return the Debian packages that are missing."""
    return sorted({package for package, _why in missing().values()})


def no_sandbox() -> str:
    """Return why the sandbox cannot run here, as one message with what to do, or an empty text."""
    absent = missing()
    if absent:
        lines = [f"  {name:10} {why} (package {package})" for name, (package, why) in absent.items()]
        install = f"apt-get install {' '.join(packages())}"
        return "\n".join(
            [
                "the machine lacks:",
                *lines,
                f"Install them: {install if os.geteuid() == 0 else 'sudo ' + install}",
                "Or give a cluster: KUBECONFIG=FILE",
            ]
        )
    attempt = subprocess.run(
        ["unshare", "--user", "--map-root-user", "true"], capture_output=True, text=True, check=False
    )
    if attempt.returncode == 0:
        return ""
    return (
        f"this machine does not let an ordinary user make namespaces ({attempt.stderr.strip()}).\n"
        f"{_setting()}\nOr give a cluster: KUBECONFIG=FILE"
    )


def _setting() -> str:
    """Name the kernel's setting that forbids it, and the command that allows it."""
    for name, forbidden, allowed in (
        ("kernel.unprivileged_userns_clone", "0", "1"),
        ("kernel.apparmor_restrict_unprivileged_userns", "1", "0"),
        ("user.max_user_namespaces", "0", "15000"),
    ):
        path = f"/proc/sys/{name.replace('.', '/')}"
        if os.path.exists(path):
            with open(path) as file:
                if file.read().strip() == forbidden:
                    return f"Allow it: sudo sysctl {name}={allowed}"
    return "In a container, give it the right to make user namespaces (seccomp and AppArmor unconfined)."


if __name__ == "__main__":
    if sys.argv[1:] == ["--packages"]:
        print(" ".join(packages()))
    elif reason := no_sandbox():
        sys.exit(f"The sandbox cannot run here: {reason}")
