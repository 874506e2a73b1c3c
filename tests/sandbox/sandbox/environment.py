"""The environment variables of everything that runs in the machine."""

from __future__ import annotations

import os

from sandbox.layout import MACHINE_BIN, Layout

_SYSTEM = "/usr/local/sbin:/usr/sbin:/sbin"  # often missing in an ordinary user's PATH


def inside(layout: Layout) -> dict[str, str]:
    """The caller's environment, made to fit the machine."""
    # A proxy of the computer's network cannot be reached, and must not be asked for the cluster's names.
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return kept | {
        "PATH": f"{MACHINE_BIN}:{kept.get('PATH', os.defpath)}:{_SYSTEM}",
        "KUBECONFIG": str(layout.kubeconfig("admin")),
        "SANDBOX_STATE": str(layout.state),
        "SANDBOX_RUN": str(layout.run),
    }


def become_inside(layout: Layout) -> None:
    """Give this process, and what it starts, that environment."""
    variables = inside(layout)
    os.environ.clear()
    os.environ.update(variables)
