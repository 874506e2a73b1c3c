"""Which Pods get a sidecar: Istio's real webhook, asked by dry runs that create nothing."""

from __future__ import annotations

import contextlib
import re
import secrets
import time

import pytest

INJECT = "sidecar.istio.io/inject"
LABELS = {
    "enabled": {"istio-injection": "enabled"},
    "disabled": {"istio-injection": "disabled"},
    "unlabelled": {},
    "revision": {"istio.io/rev": "default"},
}
PODS = {
    "nothing": {},
    "label true": {"labels": {INJECT: "true"}},
    "annotation true": {"annotations": {INJECT: "true"}},
    "label true, annotation false": {"labels": {INJECT: "true"}, "annotations": {INJECT: "false"}},
    "label false": {"labels": {INJECT: "false"}},
    "annotation false": {"annotations": {INJECT: "false"}},
}
ASKED = {"label true", "annotation true", "label true, annotation false"}
INJECTED = {
    "disabled": {"enabled": ASKED, "unlabelled": {"label true", "label true, annotation false"}, "disabled": set()},
    "enabled": {
        "enabled": ASKED | {"nothing"},
        "unlabelled": {"label true", "label true, annotation false"},
        "disabled": set(),
    },
}
"""Kinds of Pods that get a sidecar, by the mesh's policy and the namespace's label."""

NEVER = ("kube-system", "kube-public", "kube-node-lease", "local-path-storage")
"""Namespaces whose Pods get none, whatever they and their labels ask for."""

REVISION = {"disabled": {"nothing": False, "label true": True}, "enabled": {"nothing": True, "label true": True}}


@pytest.fixture(scope="module")
def namespaces(mesh, cluster):
    """A namespace for each kind of label."""
    with contextlib.ExitStack() as stack:
        suffix = secrets.token_hex(2)
        yield {
            kind: stack.enter_context(cluster.namespace(f"inject-{kind}-{suffix}", labels))
            for kind, labels in LABELS.items()
        }


@pytest.fixture(scope="module")
def never(mesh, cluster):
    """The namespaces of NEVER, those that this cluster lacks for the length of this module."""
    with contextlib.ExitStack() as stack:
        for name in {*NEVER} - {each.metadata.name for each in cluster.core.list_namespace().items}:
            stack.enter_context(cluster.namespace(name))
        yield NEVER


@pytest.fixture(scope="module", params=["disabled", "enabled"])
def policy(request, cluster, namespaces):
    """The injector with one policy, as the role mesh has Helm write it (a molecule scenario shows that); afterwards as it was."""
    if request.param != "disabled":
        give(cluster, namespaces["enabled"], request.param)
        request.addfinalizer(lambda: give(cluster, namespaces["enabled"], "disabled"))
    return request.param


def give(cluster, namespace, policy, seconds=180):
    """Write the policy, and wait until the injector goes by it: a Pod that says nothing shows which it is."""
    place = ("istio-sidecar-injector", "istio-system")
    found = cluster.core.read_namespaced_config_map(*place).data["config"]
    wanted, changes = re.subn(r"(?m)^policy: .*$", f"policy: {policy}", found)
    assert changes == 1, found
    cluster.core.patch_namespaced_config_map(*place, {"data": {"config": wanted}})
    deadline = time.monotonic() + seconds
    while injected(cluster, namespace, PODS["nothing"]) != (policy == "enabled"):
        assert time.monotonic() < deadline, f"the injector does not go by policy {policy} after {seconds} s"
        time.sleep(0.5)


def injected(cluster, namespace, metadata, **spec):
    """Whether a Pod would get a sidecar."""
    pod = {
        "metadata": {"name": "asked", **metadata},
        "spec": {"containers": [{"name": "only", "image": "pause"}], **spec},
    }
    answer = cluster.core.create_namespaced_pod(namespace, pod, dry_run="All")
    containers = [*answer.spec.containers, *(answer.spec.init_containers or [])]
    return any(container.name == "istio-proxy" for container in containers)


def test_truth_table(cluster, policy, namespaces):
    for kind, expected in INJECTED[policy].items():
        found = {name for name, metadata in PODS.items() if injected(cluster, namespaces[kind], metadata)}
        assert found == expected, f"policy {policy}, namespace {kind}"
    for name, gets_one in REVISION[policy].items():
        assert injected(cluster, namespaces["revision"], PODS[name]) == gets_one, f"policy {policy}, revision, {name}"


def test_pods_that_never_get_one(cluster, policy, namespaces, never):
    asking = PODS["label true"]
    assert not injected(cluster, namespaces["enabled"], asking, hostNetwork=True)
    assert not {name for name in never if injected(cluster, name, asking)}
