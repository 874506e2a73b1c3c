"""Models as users write them: the smallest one, and random ones for properties."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from ansible_collections.tfserving.istio.plugins.module_utils._spec.model import Model, read_model

Given = dict[str, Any]


def mnist(*versions: str, **keys: Any) -> Given:
    """A valid model with the named versions (``v1`` without any), each pinned and on a path of its own."""
    names = versions or ("v1",)
    return {
        "name": "mnist",
        "namespace": "kubeflow",
        "versions": [
            {"name": name, "base_path": f"gs://models/mnist/{name}", "model_version": index}
            for index, name in enumerate(names, 1)
        ],
        **keys,
    }


def read(*versions: str, **keys: Any) -> Model:
    """The same model, read."""
    return read_model(mnist(*versions, **keys))


def rich() -> Given:
    """A model that uses every key of a version; the objects in fixtures/live are what an API server made of it."""
    return mnist(
        ambassador=True,
        image="registry.example.com/serving:2.20.0",
        resources={"requests": {"cpu": "1000m", "memory": "1024Mi"}, "limits": {"cpu": "4", "memory": "4096Mi"}},
        gpus=1,
        gcp={"secret": "gcp"},
        s3={"secret": "s3"},
        env={
            "EMPTY": "",
            "LEVEL": "1",
            "TOKEN": {"valueFrom": {"secretKeyRef": {"name": "tokens", "key": "token"}}},
        },
        args=["--rest_api_num_threads=16"],
        batching={"max_batch_size": 32},
        warmup="2m",
        service_account="serving",
        node_selector={"disk": "ssd"},
        tolerations=[{"operator": "Exists"}],
        affinity={
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {
                    "nodeSelectorTerms": [{"matchExpressions": [{"key": "gpu", "operator": "Exists"}]}]
                }
            }
        },
        volumes=[
            {"name": "models", "mount_path": "/models", "source": {"persistentVolumeClaim": {"claimName": "models"}}},
            {"name": "extra", "mount_path": "/extra", "source": {"configMap": {"name": "extra"}}, "read_only": False},
        ],
        pod_labels={"team": "vision"},
        pod_annotations={"example.com/note": "yes"},
        pod_disruption_budget={"min_available": "50%"},
        inject_istio=True,
        replicas=2,
    )


def rules(names: list[str]) -> st.SearchStrategy[dict[str, float]]:
    """Rules over some of the names, in tenths of a percent, that add up to 100; shares of 0 among them."""

    def shares(cuts: list[int], chosen: list[str]) -> dict[str, float]:
        edges = [0, *sorted(cuts)[: len(chosen) - 1], 1000]
        tenths = [high - low for low, high in pairwise(edges)]
        return {
            name: share // 10 if share % 10 == 0 else share / 10 for name, share in zip(chosen, tenths, strict=True)
        }

    some = st.lists(st.sampled_from(names), min_size=1, unique=True)
    cuts = st.lists(st.one_of(st.integers(0, 1000), st.sampled_from([0, 100, 500, 1000])), min_size=8, max_size=8)
    return st.builds(shares, cuts, some)


LABEL_KEYS = st.sampled_from(["a", "team", "example.com/A_b.c", "Zone-1", "x" * 63])
LABEL_VALUES = st.sampled_from(["", "a", "A_b.c", "9", "x" * 63])
NAMES = st.sampled_from(["a", "b", "mnist", "v1", "v10", "blue-green", "a--b", "c" * 20])
TEXTS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), max_size=20)
REQUESTS = st.fixed_dictionaries(
    {},
    optional={
        "cpu": st.sampled_from(["1", "1000m", "0.5", "500m", "1.50", "2", "100m"]),
        "memory": st.sampled_from(["1Gi", "1024Mi", "512Mi", "1G", "1.5Gi", "2000000k", "1e9"]),
    },
)
LIMITS = st.fixed_dictionaries(
    {}, optional={"cpu": st.sampled_from(["4", "4000m", "8.0"]), "memory": st.sampled_from(["4096Mi", "8Gi", "8e9"])}
)
SECRET_REF = st.fixed_dictionaries({"name": NAMES, "key": NAMES})
VALUE_FROM = st.one_of(
    st.builds(lambda ref: {"secretKeyRef": ref}, SECRET_REF),
    st.builds(lambda ref: {"configMapKeyRef": ref}, SECRET_REF),
    st.just({"fieldRef": {"fieldPath": "metadata.name"}}),
    st.just({"resourceFieldRef": {"resource": "limits.cpu"}}),
)
ENV = st.dictionaries(
    st.sampled_from(["A", "_B", "LOG_LEVEL", "X1", "TF_CPP_MIN_LOG_LEVEL"]),
    st.one_of(TEXTS, st.integers(), st.booleans(), st.builds(lambda source: {"valueFrom": source}, VALUE_FROM)),
    max_size=4,
)
SOURCES = st.sampled_from(
    [
        {"emptyDir": {}},
        {"emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}},
        {"persistentVolumeClaim": {"claimName": "models", "readOnly": True}},
        {"hostPath": {"path": "/models", "type": "Directory"}},
        {"configMap": {"name": "extra", "items": [{"key": "a", "path": "b"}]}},
        {"nfs": {"server": "nfs.example.com", "path": "/models"}},
        {"secret": {"secretName": "extra"}},
        {"projected": {"sources": [{"serviceAccountToken": {"path": "token", "audience": "models"}}]}},
    ]
)
VOLUMES = st.lists(
    st.fixed_dictionaries(
        {"name": NAMES.map("vol-{}".format), "mount_path": NAMES.map("/mnt/{}".format), "source": SOURCES},
        optional={"read_only": st.booleans(), "sub_path": NAMES},
    ),
    max_size=3,
    unique_by=(lambda volume: volume["name"], lambda volume: volume["mount_path"]),
)
AFFINITY = st.sampled_from(
    [
        {
            "podAntiAffinity": {
                "preferredDuringSchedulingIgnoredDuringExecution": [
                    {
                        "weight": 1,
                        "podAffinityTerm": {
                            "topologyKey": "kubernetes.io/hostname",
                            "labelSelector": {"matchLabels": {"app": "mnist"}},
                        },
                    }
                ]
            }
        },
        {
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {
                    "nodeSelectorTerms": [{"matchExpressions": [{"key": "gpu", "operator": "Exists"}]}]
                }
            }
        },
    ]
)
SCALING = st.one_of(
    st.fixed_dictionaries({"replicas": st.integers(0, 3)}),
    st.fixed_dictionaries(
        {
            "autoscale": st.fixed_dictionaries(
                {"min": st.integers(1, 3), "max": st.integers(3, 9)},
                optional={"cpu": st.integers(1, 1000), "memory": st.integers(1, 1000)},
            )
        }
    ),
)
BUDGET = st.builds(
    lambda key, value: {key: value},
    st.sampled_from(["min_available", "max_unavailable"]),
    st.one_of(st.integers(0, 3), st.integers(0, 100).map("{}%".format)),
)
WORKLOAD = {
    "image": st.just("registry.example.com/serving:2.20.0"),
    "resources": st.fixed_dictionaries({}, optional={"requests": REQUESTS, "limits": LIMITS}),
    "gpus": st.integers(0, 2),
    "gcp": st.fixed_dictionaries({"secret": NAMES}, optional={"key": NAMES}),
    "s3": st.fixed_dictionaries({"secret": NAMES}, optional={"region": NAMES, "use_https": st.booleans()}),
    "env": ENV,
    "args": st.lists(st.sampled_from(["--rest_api_num_threads=16", "--enable_model_warmup=false"]), max_size=2),
    "batching": st.one_of(
        st.booleans(),
        st.fixed_dictionaries(
            {},
            optional={
                "max_batch_size": st.integers(1, 64),
                "batch_timeout_micros": st.integers(0, 10_000),
                "pad_variable_length_inputs": st.booleans(),
                "allowed_batch_sizes": st.lists(st.integers(1, 64), max_size=3),
            },
        ),
    ),
    "warmup": st.one_of(
        st.sampled_from([30, "2m", "1.5s"]),
        st.fixed_dictionaries({"duration": st.integers(1, 600)}, optional={"minimum_percent": st.integers(1, 100)}),
    ),
    "service_account": NAMES,
    "node_selector": st.dictionaries(LABEL_KEYS, LABEL_VALUES, max_size=2),
    "tolerations": st.lists(
        st.sampled_from(
            [{"operator": "Exists"}, {"key": "gpu", "operator": "Equal", "value": "yes", "effect": "NoSchedule"}]
        ),
        max_size=2,
    ),
    "affinity": AFFINITY,
    "volumes": VOLUMES,
    "pod_labels": st.dictionaries(LABEL_KEYS, LABEL_VALUES, max_size=2),
    "pod_annotations": st.dictionaries(LABEL_KEYS, TEXTS, max_size=2),
    "pod_disruption_budget": BUDGET,
    "inject_istio": st.booleans(),
    "prometheus": st.booleans(),
}


@st.composite
def versions(draw: st.DrawFn, name: str) -> Given:
    """A valid version of that name."""
    path = draw(st.sampled_from(["gs://bucket/", "s3://bucket/", "/models/"])) + name
    given = draw(st.fixed_dictionaries({"name": st.just(name), "base_path": st.just(path)}, optional=WORKLOAD))
    pin = draw(st.fixed_dictionaries({}, optional={"model_version": st.integers(0, 10**12)}))
    return {**given, **draw(SCALING), **pin}


@st.composite
def models(draw: st.DrawFn) -> Given:
    """A valid model in all its variety."""
    names = draw(st.lists(NAMES.filter(lambda name: len(name) <= 12), min_size=1, max_size=3, unique=True))
    wide = {
        "model_name": st.just("MNIST_2.a"),
        "hosts": st.sampled_from([["*"], ["mnist.example.com"], ["*.example.com", "a.example.org"]]),
        "gateway": st.sampled_from(["mesh", "gw", "istio-system/gw"]),
        "path": st.sampled_from(["/mnist", "/v1/models/MNIST_2.a", "/a/b"]),
        "ambassador": st.booleans(),
        "service_type": st.sampled_from(["ClusterIP", "NodePort", "LoadBalancer"]),
        "timeout": st.sampled_from([0.5, 30, "500ms", "2m"]),
        "retries": st.integers(0, 10),
    }
    given = draw(st.fixed_dictionaries({"name": NAMES, "namespace": st.just("kubeflow")}, optional=wide))
    return {**given, "versions": [draw(versions(name)) for name in names], "traffic": draw(rules(names))}
