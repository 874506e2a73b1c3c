"""The same input gives the same bytes: no clock, no randomness, no order of a hash table."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from hypothesis import given

from ansible_collections.tfserving.istio.plugins.module_utils._render.model import render
from ansible_collections.tfserving.istio.plugins.module_utils._spec.model import read_model
from ansible_collections.tfserving.istio.tests.unit.support.models import models, rich

PROGRAM = """
import json, sys
from ansible_collections.tfserving.istio.plugins.module_utils._render.model import render
from ansible_collections.tfserving.istio.plugins.module_utils._spec.model import read_model
from ansible_collections.tfserving.istio.plugins.module_utils._spec.rule import all_to
print(json.dumps(render(read_model(json.load(sys.stdin)), all_to("v1"))))
"""


def in_a_process_of_its_own(seed: int) -> bytes:
    env = {**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM], env=env, check=True, capture_output=True, input=json.dumps(rich()).encode()
    ).stdout


def test_two_processes_render_the_same_bytes():
    assert in_a_process_of_its_own(1) == in_a_process_of_its_own(2)


@given(models())
def test_rendering_twice_gives_equal_objects_of_plain_json(given: dict[str, Any]):
    model = read_model(given)
    objects = render(model, model.traffic)
    assert objects == render(read_model(given), model.traffic)
    assert json.loads(json.dumps(objects)) == objects
