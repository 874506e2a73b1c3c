from __future__ import annotations

from typing import Any

from ansible_collections.tfserving.istio.plugins.module_utils._plan.endpoints import Endpoints


def slice_(service: str, *pods: str, version: str | None = None, ready: bool | None = True) -> dict[str, Any]:
    labels = {"kubernetes.io/service-name": service, "app": "mnist"} | ({"version": version} if version else {})
    points = [{"targetRef": {"name": pod}, "conditions": {"ready": ready}, "addresses": ["10.0.0.1"]} for pod in pods]
    return {"metadata": {"labels": labels}, "endpoints": points}


def test_versions_are_those_that_have_a_service_of_their_own():
    found = Endpoints("mnist", [slice_("mnist-v1", "a", version="v1"), slice_("mnist-v2", version="v2")])
    assert found.versions == {"v1": {"a"}, "v2": set()}
    assert found.unready(["v1", "v2", "v3"]) == ["v2", "v3"]


def test_a_versions_pods_may_stand_in_several_slices():
    found = Endpoints("mnist", [slice_("mnist-v1", "a", version="v1"), slice_("mnist-v1", "b", version="v1")])
    assert found.versions == {"v1": {"a", "b"}}


def test_a_service_of_another_name_with_a_version_label_is_no_version():
    assert Endpoints("mnist", [slice_("canary", "a", version="v1")]).versions == {}


def test_pods_that_are_not_ready_do_not_count_and_unknown_ones_do():
    found = [slice_("mnist-v1", "a", version="v1", ready=False), slice_("mnist-v1", "b", version="v1", ready=None)]
    assert Endpoints("mnist", found).versions == {"v1": {"b"}}


def test_the_service_of_the_model_selects_the_version_whose_pods_it_has():
    versions = [slice_("mnist-v1", "a", version="v1"), slice_("mnist-v2", "b", version="v2")]
    assert Endpoints("mnist", [*versions, slice_("mnist", "b")]).selected == "v2"
    assert Endpoints("mnist", [*versions, slice_("mnist", "a", "b")]).selected is None
    assert Endpoints("mnist", [*versions, slice_("mnist")]).selected is None
    assert Endpoints("mnist", versions).selected is None


def test_a_version_without_pods_is_not_taken_for_a_service_without_pods():
    assert Endpoints("mnist", [slice_("mnist-v1", version="v1"), slice_("mnist")]).selected is None


def test_slices_without_labels_endpoints_or_pods_are_passed_over():
    strange = {"metadata": {"labels": None}, "endpoints": None}
    external = slice_("mnist-v1", version="v1") | {"endpoints": [{"addresses": ["10.0.0.9"]}]}
    assert Endpoints("mnist", [strange, external]).versions == {"v1": set()}
