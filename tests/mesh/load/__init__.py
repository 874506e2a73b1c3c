"""A load generator that keeps every answer: when, which version, which status, how long.

    with Load(Rest("http://host/v1/models/mnist:predict", predict(1.0)), rate=100, versions={"v1": 2.5, "v2": 3.5}) as load:
        ...  # change something in the mesh
    assert not load.failures
    assert not split_problems(load.counts(), {"v1": 90, "v2": 10})

``python -m mesh.load --help`` does the same from a shell. wrk, fortio and k6 count statuses and latencies; none keeps, for each
request, which version answered and over which kind of connection.
"""

from __future__ import annotations

from .answer import Answer
from .generator import Load
from .grpc_target import Grpc
from .rest_target import Rest, predict
from .split import bounds, split_problems
from .target import Connections

__all__ = ["Answer", "Connections", "Grpc", "Load", "Rest", "bounds", "predict", "split_problems"]
