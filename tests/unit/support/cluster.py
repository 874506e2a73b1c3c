"""A small model of a cluster: objects, what is ready, and the design's invariant, checked after each write."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from ansible_collections.tfserving.istio.plugins.module_utils._plan.live import Live, group
from ansible_collections.tfserving.istio.plugins.module_utils._plan.step import Plan, Stage, Step
from ansible_collections.tfserving.istio.plugins.module_utils._spec.names import MANAGER

Object = dict[str, Any]
Key = tuple[str, str]

NAMESPACE, MODEL = "kubeflow", "mnist"
RULE = ("VirtualService", f"{MODEL}-rule")
TOGETHER = (Stage.CREATE, Stage.REMOVE)
SERVES = ("Deployment", "Service", "DestinationRule", "ConfigMap")

AUTOSCALERS: Object = {
    "manager": "kube-controller-manager",
    "operation": "Update",
    "subresource": "scale",
    "fieldsV1": {"f:spec": {"f:replicas": {}}},
}
"""What the API server notes when the controller of autoscalers writes a number of Pods."""


class Cluster:
    """One namespace. Every apply is ours, so that each field of an object is owned by us; lists are owned as a whole."""

    def __init__(self) -> None:
        self.objects: dict[Key, Object] = {}
        self.ready: set[str] = set()
        """Versions with a ready endpoint."""
        self.loud: set[str] = set()
        """Versions that a route has named and whose callers have not been waited for since."""
        self._count = 0

    def live(self) -> Live:
        """What a run reads when it starts."""
        return group(NAMESPACE, self.objects.values(), [MODEL])[MODEL]

    def copy(self) -> Cluster:
        """The same state; objects are replaced, never changed, so that copies can share them."""
        other = Cluster()
        other.objects, other.ready, other.loud, other._count = (
            dict(self.objects),
            set(self.ready),
            set(self.loud),
            self._count,
        )
        return other

    def run(self, plan: Plan, steps: Iterable[Step] | None = None) -> None:
        """Carry out a plan, or some of its steps."""
        for step in plan.steps if steps is None else steps:
            self._carry_out(step)

    def state(self) -> dict[Key, Object]:
        """The objects without what differs from run to run."""
        return {key: {**entry, "metadata": _lasting(entry)} for key, entry in self.objects.items()}

    def _carry_out(self, step: Step) -> None:
        if step.action == "apply":
            self._apply(step)
        elif step.action == "delete":
            self._delete(step)
        elif step.action == "wait":
            self._wait(str(step.version))
        elif step.action == "preview":
            assert step.version in _destinations(self.objects[RULE], f"preview-rest-{step.version}"), (
                "asked a preview that is not there"
            )
        elif step.action == "quiet":
            assert step.version not in self._named(), f"waited for silence of {step.version} while routes name it"
            self.loud.discard(str(step.version))
        else:
            assert step.action == "prove", f"unknown action {step.action}"

    def _apply(self, step: Step) -> None:
        wanted = step.object
        assert wanted is not None
        key = (wanted["kind"], wanted["metadata"]["name"])
        before = self.objects.get(key)
        self._count += 1
        self.objects[key] = copy.deepcopy(wanted)
        self.objects[key]["metadata"] |= {
            "uid": before["metadata"]["uid"] if before else str(self._count),
            "resourceVersion": str(self._count),
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "managedFields": [owned_by_us(wanted)],
        }
        if key[0] == "Deployment":
            _share_replicas(self.objects[key], before, step.force)
            self._take_up(self.objects[key], before)
        self._check_routes(key)
        self.loud |= self._named()

    def _delete(self, step: Step) -> None:
        assert step.object is not None
        key = (step.object["kind"], step.object["metadata"]["name"])
        assert self.objects[key]["metadata"]["uid"] == step.object["metadata"]["uid"]
        version = step.object["metadata"]["labels"].get("version")
        if version and key[0] in SERVES and self._mounted(key):
            assert version not in self._named(), f"{key[0]} of {version} deleted while routes name it"
            assert version not in self.loud, f"{key[0]} of {version} deleted before its callers were silent"
        del self.objects[key]
        if key[0] == "Deployment":
            self.ready.discard(str(version))

    def _wait(self, version: str) -> None:
        deployment = self.objects.get(("Deployment", f"{MODEL}-{version}"))
        assert deployment is not None, f"waits for {version}, which has no Deployment"
        count = deployment["spec"]["replicas"]
        if count:
            self.ready.add(version)
            now = dict.fromkeys(("replicas", "updatedReplicas", "availableReplicas"), count)
            status = {"observedGeneration": deployment["metadata"]["generation"], **now}
            self.objects["Deployment", f"{MODEL}-{version}"] = {**deployment, "status": status}

    def autoscale(self, version: str, replicas: int) -> None:
        """What an autoscaler does, where there is one: write another number of Pods, which come up, and own it."""
        name = f"{MODEL}-{version}"
        if ("HorizontalPodAutoscaler", name) not in self.objects or ("Deployment", name) not in self.objects:
            return
        live = copy.deepcopy(self.objects["Deployment", name])
        if live["spec"]["replicas"] in (0, replicas):  # 0 switches it off
            return
        live["spec"]["replicas"] = replicas
        ours = live["metadata"]["managedFields"][0]
        ours["fieldsV1"]["f:spec"].pop("f:replicas", None)
        live["metadata"]["managedFields"] = [ours, copy.deepcopy(AUTOSCALERS)]
        live["metadata"]["generation"] += 1
        self.objects["Deployment", name] = live
        self._wait(version)

    def _take_up(self, deployment: Object, before: Object | None) -> None:
        """Another Pod template or number of Pods is another generation, which is not available before it was waited for."""
        same = before is not None and before["spec"] == deployment["spec"]
        generation = before["metadata"]["generation"] if before else 0
        deployment["metadata"]["generation"] = generation if same else generation + 1
        deployment["status"] = before["status"] if before else {}
        if not deployment["spec"]["replicas"]:
            self.ready.discard(deployment["metadata"]["labels"]["version"])

    def _check_routes(self, written: Key) -> None:
        """Whenever a route is written, every destination in it exists and has a ready endpoint."""
        if written[0] == "VirtualService":
            assert RULE in self.objects, f"{written[1]} delegates to nothing"
            for version in _destinations(self.objects[RULE]):
                assert ("Service", f"{MODEL}-{version}") in self.objects, f"{written[1]}: {version} has no Service"
                assert version in self.ready, f"{written[1]}: {version} has no ready endpoint"
        if written == ("Service", MODEL) and RULE in self.objects:
            version = self.objects[written]["spec"]["selector"]["version"]
            assert version in self.ready, f"Service {MODEL} selects {version}, which has no ready endpoint"
            assert version in _destinations(self.objects[RULE], "rest"), (
                f"Service {MODEL} selects {version} at 0 percent"
            )

    def _mounted(self, key: Key) -> bool:
        """False for a ConfigMap that no Pod mounts any more: its removal takes nothing away."""
        deployment = self.objects.get(("Deployment", key[1]))
        volumes = deployment["spec"]["template"]["spec"].get("volumes", []) if deployment else []
        return key[0] != "ConfigMap" or any("configMap" in volume for volume in volumes)

    def _named(self) -> set[str]:
        """Versions that something which callers use leads to."""
        named = _destinations(self.objects[RULE]) if RULE in self.objects else set()
        service = self.objects.get(("Service", MODEL))
        return named | ({service["spec"]["selector"]["version"]} if service and RULE in self.objects else set())


def owned_by_us(wanted: Object) -> Object:
    """What the API server notes of our apply; lists are owned as a whole."""
    return {"manager": MANAGER, "operation": "Apply", "fieldsV1": _fields(_body(wanted))}


def _share_replicas(deployment: Object, before: Object | None, force: bool) -> None:
    """Server-side apply's rules for the one field that two managers write."""
    others = [entry for entry in before["metadata"]["managedFields"] if entry["manager"] != MANAGER] if before else []
    spec, fields = deployment["spec"], deployment["metadata"]["managedFields"]
    if "replicas" not in spec:
        spec["replicas"] = before["spec"]["replicas"] if before and others else 1
        fields += others
    elif others and before and before["spec"]["replicas"] == spec["replicas"]:
        fields += others
    else:
        assert force or not others, "the API server refuses the number of Pods: an autoscaler owns it"


def _destinations(service: Object, route: str = "") -> set[str]:
    """The versions that the routes of MODEL-rule, or the one named, lead to."""
    return {
        target["destination"]["host"].split(".")[0].removeprefix(f"{MODEL}-")
        for entry in service["spec"]["http"]
        if not route or entry["name"] == route
        for target in entry.get("route", ())
    }


def _body(wanted: Object) -> Object:
    metadata = {key: value for key, value in wanted["metadata"].items() if key in ("labels", "annotations")}
    return {
        "metadata": metadata,
        **{key: wanted[key] for key in wanted if key not in ("apiVersion", "kind", "metadata")},
    }


def _fields(value: Any) -> Object:
    return {f"f:{key}": _fields(entry) for key, entry in value.items()} if isinstance(value, dict) else {}


def _lasting(entry: Object) -> Object:
    return {key: entry["metadata"][key] for key in ("name", "labels", "annotations") if key in entry["metadata"]}
