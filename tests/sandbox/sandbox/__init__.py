"""A private machine with a real Kubernetes control plane on it: no Docker, no images, no root."""

from __future__ import annotations
