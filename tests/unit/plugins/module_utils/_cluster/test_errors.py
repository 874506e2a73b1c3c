"""Bodies are a real API server's, in fixtures/refused."""

from __future__ import annotations

import json

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._cluster.errors import (
    CRDS,
    ClusterError,
    Conflict,
    NotFound,
    refused,
)
from ansible_collections.tfserving.istio.tests.unit.support import fixtures

TARGET = "Deployment kubeflow/mnist-v1"


def error(status: int, name: str, verb: str = "write") -> ClusterError:
    return refused(status, fixtures.refused(name), verb, TARGET)


def test_a_field_of_another_manager_is_named_with_the_manager_and_the_ways_out():
    found = error(409, "field_manager_conflict")
    assert not isinstance(found, Conflict)
    assert '.spec.replicas: conflict with "kube-controller-manager"' in str(found)
    assert "force: true" in str(found)


def test_an_object_that_changed_in_between_is_a_conflict():
    found = error(409, "stale_resource_version")
    assert isinstance(found, Conflict)
    assert "run again" in str(found)


def test_a_missing_namespace_says_to_create_it():
    found = error(404, "missing_namespace")
    assert isinstance(found, NotFound)
    assert 'namespaces "nowhere" not found; create the namespace first' in str(found)


def test_a_missing_kind_says_to_install_istio():
    """An API server answers in plain text where it has no such path."""
    found = refused(404, b"404 page not found\n", "read", "VirtualServices of namespace kubeflow")
    assert isinstance(found, NotFound)
    assert CRDS in str(found)


def test_a_missing_object_is_just_that():
    found = error(404, "missing_object", "read")
    assert isinstance(found, NotFound)
    assert str(found) == f'cannot read {TARGET}: deployments.apps "nothing" not found'


def test_a_lack_of_rights_is_quoted():
    assert 'User "nobody" cannot list resource "deployments"' in str(error(403, "forbidden"))


def test_a_rejected_object_is_quoted():
    assert "must be between 1 and 65535" in str(error(422, "invalid"))


def test_a_webhook_that_fails_points_to_istiod():
    body = {"message": 'Internal error occurred: failed calling webhook "validation.istio.io": connection refused'}
    assert "Check that istiod is ready" in str(refused(500, json.dumps(body).encode(), "write", TARGET))


@pytest.mark.parametrize("body", [b"", b"plain words", b"[]", b"\xff\xfe", b'"text"', b"null"])
@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 409, 422, 429, 500, 504])
def test_any_answer_becomes_one_line_that_names_the_object(status: int, body: bytes):
    message = str(refused(status, body, "write", TARGET))
    assert message.startswith(f"cannot write {TARGET}: ")
    assert "\n" not in message
