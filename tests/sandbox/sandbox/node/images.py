"""The images that this node can run: each stands for programs of the sandbox or of the host.

There is no registry here. An image's name, without registry and tag, says what its container finds in its root and
which command starts it; a name that is not in the table cannot be pulled.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Image:
    """What an image's own configuration and layers say.

    Attributes:
        entrypoint: Replaced by a container's `command`.
        arguments: Replaced by a container's `args` (and dropped where it has a `command`).
        files: Path in the container -> name in the sandbox's folder of programs, or an absolute path of the host.
        links: Path in the container -> what the symbolic link there says.
        user: User id and group id of the image's USER.
    """

    entrypoint: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    user: tuple[int, int] = (0, 0)
    cwd: str = "/"


def _python() -> Image:
    """The Python that runs the sandbox, at its own paths and on the PATH."""
    base, own = Path(sys.base_prefix).resolve(), Path(sys.prefix)
    interpreter = base / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    links = {f"/usr/local/bin/{name}": str(interpreter) for name in ("python", "python3")}
    return Image(
        arguments=("python3",),
        files={str(path): str(path) for path in {base, own} if not path.is_relative_to("/usr")},
        links=links if not base.is_relative_to("/usr") else {},
    )


def _execution_environment() -> Image:
    """What ansible-builder makes, by the name it gives: Ansible and its collections, as they are in the sandbox's own Python; user 1000."""
    python, own = _python(), Path(sys.prefix)
    installed = Path(sysconfig.get_path("purelib"), "ansible_collections")
    linked = {str(path.resolve()) for path in installed.glob("*/*") if path.is_symlink()}
    return replace(
        python,
        files={**python.files, **{path: path for path in linked}},
        env={"PATH": f"{own / 'bin'}:{PATH}"},
        user=(1000, 0),
    )


_SHELL = Image(arguments=("sh",))
_TENSORFLOW_MODEL_SERVER = "/usr/bin/tensorflow_model_server"
_PILOT = "/usr/local/bin/pilot-discovery"
_ISTIO_PROXY_FILES = {
    "/usr/local/bin/pilot-agent": "pilot-agent",
    "/usr/local/bin/envoy": "envoy",
    "/var/lib/istio/envoy/envoy_bootstrap_tmpl.json": "envoy_bootstrap_tmpl.json",
}
_SERVING = Image(
    # The real entry point is a shell script that starts the server with the image's own ports and MODEL_NAME.
    entrypoint=(
        "/bin/bash",
        "-c",
        'tensorflow_model_server --port=8500 --rest_api_port=8501 --model_name="${MODEL_NAME}" '
        '--model_base_path="${MODEL_BASE_PATH}/${MODEL_NAME}" "$@"',
        "tf_serving_entrypoint.sh",
    ),
    env={"MODEL_NAME": "model", "MODEL_BASE_PATH": "/models"},
    files={_TENSORFLOW_MODEL_SERVER: "tensorflow_model_server"},
)
_PROMETHEUS = Image(
    entrypoint=("/bin/prometheus",),
    arguments=("--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"),
    files={"/bin/prometheus": "prometheus"},
    user=(65534, 65534),
    cwd="/prometheus",
)

IMAGES: dict[str, Image] = {
    "istio/pilot": Image((_PILOT,), files={_PILOT: "pilot-discovery"}, user=(1337, 1337)),
    "istio/proxyv2": Image(("/usr/local/bin/pilot-agent",), files=_ISTIO_PROXY_FILES, user=(1337, 1337)),
    "tensorflow/serving": _SERVING,
    "prom/prometheus": _PROMETHEUS,
    "curl": Image(("curl",), ("--help",)),
    "kubectl": Image(("kubectl",), files={"/usr/local/bin/kubectl": "kubectl"}),
    "busybox": _SHELL,
    "debian": _SHELL,
    "alpine": _SHELL,
    "pause": Image(("sleep", "infinity")),
    "python": _python(),
    "ansible-execution-env": _execution_environment(),
}

_ALIASES = {
    "pilot": "istio/pilot",
    "proxyv2": "istio/proxyv2",
    "prometheus/prometheus": "prom/prometheus",
    "curlimages/curl": "curl",
    "bitnami/kubectl": "kubectl",
}


def parse(reference: str) -> tuple[str, str]:
    """Splits an image reference into its name without registry, and its tag or digest (`latest` where it has none).

    >>> parse("registry.istio.io/release/proxyv2:1.31.1")
    ('release/proxyv2', '1.31.1')
    """
    name, _, digest = reference.partition("@")
    head, slash, last = name.rpartition("/")
    last, _, tag = last.partition(":")
    name = head + slash + last
    first, slash, rest = name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        name = rest
    return name.removeprefix("library/"), digest or tag or "latest"


def find(reference: str) -> Image | None:
    """The image that *reference* names, or None where there is nothing to pull. Registries of Istio differ in the path
    before `pilot` and `proxyv2`, and mirrors in the one before any: the longest known ending of the name decides."""
    parts = parse(reference)[0].split("/")
    for start in range(len(parts)):
        name = "/".join(parts[start:])
        name = _ALIASES.get(name, name)
        if name in IMAGES:
            return IMAGES[name]
    return None


def missing_files(image: Image, programs: Path) -> list[str]:
    """Programs of *image* that the folder of programs lacks (not built yet, for instance)."""
    return [source for source in image.files.values() if not os.path.exists(programs / source)]
