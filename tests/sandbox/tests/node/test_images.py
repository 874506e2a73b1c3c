"""Image names."""

from __future__ import annotations

import pytest

from sandbox.node.images import IMAGES, find, parse


@pytest.mark.parametrize(
    ("reference", "name", "tag"),
    [
        ("busybox", "busybox", "latest"),
        ("tensorflow/serving:2.20.0", "tensorflow/serving", "2.20.0"),
        ("docker.io/library/debian:12", "debian", "12"),
        ("localhost:5000/istio/pilot", "istio/pilot", "latest"),
        ("registry.istio.io/release/proxyv2:1.31.1-distroless", "release/proxyv2", "1.31.1-distroless"),
        ("prom/prometheus:v3@sha256:abc", "prom/prometheus", "sha256:abc"),
    ],
)
def test_a_reference_has_a_name_and_a_tag(reference: str, name: str, tag: str) -> None:
    assert parse(reference) == (name, tag)


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("docker.io/istio/proxyv2:1.31.1", "istio/proxyv2"),
        ("registry.istio.io/testing/proxyv2:latest", "istio/proxyv2"),
        ("gcr.io/istio-release/pilot:1.31.1", "istio/pilot"),
        ("tensorflow/serving:1.11.1-gpu", "tensorflow/serving"),
        ("quay.io/prometheus/prometheus:v3.1.0", "prom/prometheus"),
        ("curlimages/curl", "curl"),
        ("python:3.11-slim", "python"),
        ("registry.example.org/team/ansible-execution-env:1.0.0", "ansible-execution-env"),
    ],
)
def test_registries_and_tags_do_not_matter(reference: str, name: str) -> None:
    assert find(reference) is IMAGES[name]


@pytest.mark.parametrize("reference", ["nosuch/thing:1", "auto", "tensorflow/serving-typo", "serving"])
def test_an_unknown_image_cannot_be_pulled(reference: str) -> None:
    assert find(reference) is None
