"""The ingress gateway's Pods: how many there are, and what can happen to them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .cluster import Cluster, all_ready

NAMESPACE, NAME = "istio-system", "istio-ingressgateway"
SELECTOR = "istio=ingressgateway"
SIGNAL = "for each in /proc/[0-9]*; do case $(cat $each/comm) in envoy) kill -{} ${{each#/proc/}};; esac; done"


class Gateway:
    """The Deployment and the Pods."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def pods(self) -> list[Any]:
        """The Pods that are not on their way out."""
        found = self.cluster.core.list_namespaced_pod(NAMESPACE, label_selector=SELECTOR).items
        return [pod for pod in found if not pod.metadata.deletion_timestamp]

    def names(self) -> set[str]:
        """NAMESPACE/NAME of each Pod, as results of the collection name them."""
        return {f"{NAMESPACE}/{pod.metadata.name}" for pod in self.pods()}

    @contextmanager
    def replicas(self, count: int) -> Iterator[Gateway]:
        """That many Pods, ready, for the block; one again after it."""
        self._scale(count)
        try:
            yield self
        finally:
            self._scale(1)

    def _scale(self, count: int) -> None:
        self.cluster.scaling.patch_namespaced_horizontal_pod_autoscaler(
            NAME, NAMESPACE, {"spec": {"minReplicas": count}}
        )
        self.cluster.apps.patch_namespaced_deployment_scale(NAME, NAMESPACE, {"spec": {"replicas": count}})
        self._wait(count)

    def _wait(self, count: int) -> None:
        self.cluster.wait(
            self.cluster.core.list_namespaced_pod,
            NAMESPACE,
            label_selector=SELECTOR,
            done=all_ready(count),
            timeout=180,
        )

    def begin_restart(self) -> None:
        """Have every Pod replaced, as `kubectl rollout restart` does."""
        self.cluster.kubectl("rollout", "restart", f"deployment/{NAME}", "-n", NAMESPACE)

    def restarted(self) -> None:
        """Wait until the new Pods are ready and the old ones gone."""
        self.cluster.kubectl("rollout", "status", f"deployment/{NAME}", "-n", NAMESPACE, "--timeout=180s", timeout=200)
        self._wait(1)

    @contextmanager
    def stopped(self, pod: str) -> Iterator[None]:
        """One Pod's proxy stands still for the block: it takes connections and answers nothing."""
        self._signal(pod, "STOP")
        try:
            yield
        finally:
            self._signal(pod, "CONT")
            self._wait(len(self.pods()))

    def _signal(self, pod: str, signal: str) -> None:
        self.cluster.kubectl("exec", "-n", NAMESPACE, pod, "-c", "istio-proxy", "--", "sh", "-c", SIGNAL.format(signal))
        time.sleep(0.2)
