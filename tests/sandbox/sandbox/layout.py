"""Where the sandbox keeps its files, and the addresses inside the machine."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from sandbox.errors import SandboxError

POD_CIDR = "10.244.0.0/16"
NODE_IP = "10.244.0.1"
NODE_NAME = "sandbox"
SERVICE_CIDR = "10.96.0.0/16"
API_SERVICE_IP = "10.96.0.1"
DNS_SERVICE_IP = "10.96.0.10"
NODE_PORTS = "30000-32767"
CLUSTER_DOMAIN = "cluster.local"
API_PORT = 6443

# Inside the machine: real files at a path that every user id may enter, wherever the cache lies.
MACHINE_BIN = Path("/run/sandbox/bin")

PACKAGE = Path(__file__).resolve().parent
GO_MODULES = PACKAGE.parent / "programs"
MANIFESTS = PACKAGE / "manifests"


def cache_home() -> Path:
    """The folder that all sandboxes of this user share."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "tfserving-istio" / "sandbox"


def program_cache() -> Path:
    """Built programs, one folder a build."""
    return cache_home() / "bin"


@dataclass(frozen=True)
class Layout:
    """Paths of one sandbox; several can run side by side, each with its own SANDBOX_STATE."""

    state: Path

    @classmethod
    def from_environment(cls) -> Layout:
        """The layout that SANDBOX_STATE names, or the default one; raises SandboxError."""
        chosen = os.environ.get("SANDBOX_STATE")
        state = Path(chosen).expanduser().absolute() if chosen else cache_home()
        if state.resolve().is_relative_to("/run"):
            raise SandboxError(
                f"SANDBOX_STATE is {state}: choose a folder outside /run, of which the machine has its own."
            )
        return cls(state)

    @property
    def lock(self) -> Path:
        """Held by whoever starts or ends the machine."""
        return self.state / "lock"

    @property
    def run(self) -> Path:
        """Everything of the one running machine; emptied by the next start."""
        return self.state / "run"

    @property
    def record(self) -> Path:
        """What `status`, `run` and `down` know of the running machine (JSON)."""
        return self.run / "machine.json"

    @property
    def pki(self) -> Path:
        """Keys and certificates."""
        return self.run / "pki"

    @property
    def logs(self) -> Path:
        """A file a program."""
        return self.run / "logs"

    @property
    def pids(self) -> Path:
        """A file a program with its process id as seen inside the machine."""
        return self.run / "pids"

    @property
    def audit_log(self) -> Path:
        """One JSON object for each request that the API server answered."""
        return self.logs / "audit.jsonl"

    def kubeconfig(self, identity: str) -> Path:
        """The kubeconfig of `admin`, `node`, `scheduler` and so on."""
        return self.run / f"{identity}.kubeconfig"

    def log(self, program: str) -> Path:
        """What a program printed."""
        return self.logs / f"{program}.log"
