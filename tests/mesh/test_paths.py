"""Which requests are whose: paths, hosts, names that begin alike, and Kubeflow's own paths."""

from __future__ import annotations

import json
import time

import pytest
import requests
from mesh.load import Rest, predict
from mesh.world.ansible import ChangeFailed
from mesh.world.caller import callers, good
from mesh.world.models import PREDICTIONS, version
from mesh.world.traffic import Traffic, targets


def ask(address, path, *, method="POST", host=None):
    """Ask the gateway once and return status and body."""
    body = json.dumps(predict(1.0)) if method == "POST" else None
    headers = {"Host": host} if host else {}
    answer = requests.request(method, f"http://{address}{path}", data=body, headers=headers, timeout=10)
    return answer.status_code, answer.text


def prediction(answer):
    """Return the first number that a good answer predicts."""
    status, body = answer
    assert status == 200, answer
    return json.loads(body)["predictions"][0]


def test_names_that_begin_alike_share_nothing(operator, models, namespace, unique, settings):
    """What Kubeflow 0.4 mixed up: its path of mnist caught that of mnist2 too."""
    name = f"mnist-{unique}"
    short = models.model(name, namespace, "v1")
    longer = models.model(f"{name}2", namespace, versions=[version("v1", place="v2")])
    with Traffic(targets(settings.gateway, short)) as load, Traffic(targets(settings.gateway, longer)) as other:
        operator.model(short, longer)
        since = max(
            loaded.started + next(a.at + a.latency for a in loaded.answers if a.ok) for loaded in _all(load, other)
        )
        load.gather(30)
        other.gather(30)
        operator.traffic(short, "v1:100")
    load.assert_flawless(since)
    other.assert_flawless(since)
    assert load.versions() == {"v1"}
    assert other.versions() == {"v2"}, "the longer name's answers are those of its own base path"
    for path in (f"/istio/tfserving/models/{name}3", f"/v1/models/{name}3", f"/v1/models/{name}3:predict"):
        assert ask(settings.gateway, path)[0] == 404, path
    assert prediction(ask(settings.gateway, f"/istio/tfserving/models/{name}2")) == PREDICTIONS["v2"]


def _all(*traffic):
    loads = [load for each in traffic for load in each.loads.values()]
    for each in traffic:
        each.gather(1)
    return [load for load in loads if any(answer.ok for answer in load.answers)]


def test_name_of_a_version_is_no_name_of_a_model(operator, models, namespace, unique):
    """The Service MODEL-v1 is the version's."""
    name = f"mnist-{unique}"
    taken = models.model(f"{name}-v1", namespace, "v1")
    with pytest.raises(ChangeFailed, match=f"{name}-v1"):
        operator.model(models.model(name, namespace, "v1"), taken)
    operator.model(models.model(name, namespace, "v1"))
    with pytest.raises(ChangeFailed, match=f"{name}-v1"):
        operator.model(taken)


def test_kubeflows_path_follows_the_rule(operator, model, settings):
    both = model("v1", "v2", traffic="v1:50:v2:50")
    operator.model(both)
    path = f"http://{settings.gateway}/istio/tfserving/models/{both['name']}"
    with Traffic({"POST": Rest(path, predict(1.0)), "GET": Rest(path)}, rate=60) as load:
        load.gather(150)
        load.assert_split({"v1": 50, "v2": 50})
        operator.traffic(both, "v2:100")
        proved = time.monotonic()
        load.gather(40)
    load.assert_flawless()
    assert load.versions(since=proved) == {"v2"}
    number = settings.gateway, f"/istio/tfserving/models/{both['name']}/metadata"
    assert ask(*number, method="GET")[0] == 200
    assert prediction(ask(settings.gateway, f"/istio/tfserving/models/{both['name']}:predict")) in PREDICTIONS.values()


def test_host_of_ones_own(operator, model, traffic, settings, unique):
    """Proof has to carry the host, and gRPC needs it too."""
    host = f"{unique}.example.com"
    both = model("v1", "v2", hosts=[host], traffic="v1:100")
    operator.model(both)
    with traffic(both, host=host) as load:
        load.gather(20)
        moved = operator.traffic(both, "v2:100")
        load.gather(20)
    load.assert_flawless()
    assert moved["proof"]["gateway_pods"]
    assert load.versions() == {"v1", "v2"}
    assert ask(settings.gateway, f"/v1/models/{both['name']}:predict")[0] == 404, "another host"


def test_ambassador_is_told_and_its_service_answers(operator, model, cluster, namespace, settings):
    """Ambassador itself has no sidecar, so that a shift moves what it asks when the leading version changes."""
    both = model("v1", "v2", traffic="v1:90:v2:10", ambassador=True)
    operator.model(both)
    service = cluster.core.read_namespaced_service(both["name"], namespace)
    documents = service.metadata.annotations["getambassador.io/config"].split("---\n")[1:]
    mappings = {document["method"]: document for document in map(json.loads, documents)}
    assert set(mappings) == {"POST", "GET"}
    for mapping in mappings.values():
        assert mapping["service"] == f"{both['name']}.{namespace}:8500"
        assert mapping["prefix"] == f"^/tfserving/models/{both['name']}/?$"
    # What Ambassador would ask for, asked of the Service that it names.
    urls = {
        method.lower(): f"http://{mapping['service']}{mapping['regex_rewrite']['substitution']}"
        for method, mapping in mappings.items()
    }
    assert urls["post"].endswith(f"/v1/models/{both['name']}:predict")
    with callers(cluster, settings, namespace, urls) as asking:
        operator.traffic(both, "v1:10:v2:90")
        time.sleep(15)  # endpoints and kube-proxy follow
        answers = {method: good(caller.answers()) for method, caller in asking.items()}
    assert {method: set(counts) for method, counts in answers.items()} == {method: {"v1", "v2"} for method in urls}
