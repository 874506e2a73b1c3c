"""The double through the real client, in the client's own environment because that brings TensorFlow."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from double import Double
from harness import environments
from harness.patience import eventually

from sandbox.models import write_model

SCRIPT = Path(__file__).with_name("real_client.py")
NOT_FOUND = "Servable not found for request: "

EXPECTED = {
    "predict": [[[3.5], [4.0], [5.5]], [3, 1], "float32", 2, "serving_default"],
    "predict one": [[2.5], [1], "float32", 1, "serving_default"],
    "predict label": [[[2.5, 3.0]], [1, 2], "float32", 1, "serving_default"],
    "classify": [["", 2.5], ["", 3.0]],
    "regress": [2.5, 3.0],
    "multi inference": [3.0, 3.0],
    "metadata": ["tensorflow/serving/predict", True, [-1, 1], ["y"], 2],
    "status": {"1": "AVAILABLE", "2": "AVAILABLE"},
    "reload": [0, [["/tensorflow/serving/request_count", 0]], {"2": "AVAILABLE"}, [3.5]],
    "no such model": ["NOT_FOUND", NOT_FOUND + "Latest(none)"],
    "no such version": ["NOT_FOUND", NOT_FOUND + "Specific(mnist, 9)"],
    "no such label": ["INVALID_ARGUMENT", "Unrecognized servable version label: none"],
    "no such signature": ["FAILED_PRECONDITION", 'Serving signature key "none" not found.'],
    "wrong type": ["INVALID_ARGUMENT", "Expects arg[0] to be float but int64 is provided"],
    "no input": [
        "INVALID_ARGUMENT",
        "input size does not match signature: 0!=1 len({}) != len({x}). Sent extra: {}. Missing but required: {x}.",
    ],
    "no model spec": ["INVALID_ARGUMENT", "Missing ModelSpec"],
    "no status": ["NOT_FOUND", "Could not find any versions of model none"],
}


def client(*arguments: str) -> str:
    """Run the real client and return what it prints."""
    command = [str(environments.python("tf-client")), str(SCRIPT), *arguments]
    # Without its start-up notes about the processor.
    env = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    run = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.fixture(scope="module")
def seen(program, tmp_path_factory) -> dict:
    """Return what the real client saw."""
    folder = tmp_path_factory.mktemp("real-client")
    base = folder / "mnist"
    write_model(base, 1, "half_plus_two")
    write_model(base, 2, "half_plus_three")
    config = folder / "models.config"
    config.write_text(
        f'model_config_list {{ config {{ name: "mnist" base_path: "{base}" model_platform: "tensorflow"\n'
        'model_version_policy { all {} } version_labels { key: "stable" value: 1 } } }\n'
    )
    flags = [f"--model_config_file={config}", "--allow_version_labels_for_unavailable_models=true"]
    double = Double(program, folder, *flags).wait()
    try:
        eventually(lambda: double.get("/v1/models/mnist")[1].count("AVAILABLE") == 2)
        return json.loads(client(double.grpc, str(base)))
    finally:
        double.process.kill()
        double.process.wait()


@pytest.mark.parametrize("check", EXPECTED)
def test_the_real_client_sees(seen, check):
    assert seen[check] == EXPECTED[check]


def test_nothing_that_it_saw_is_left_out(seen):
    assert set(seen) == set(EXPECTED)


def test_warmup_requests_that_tensorflow_wrote_are_replayed(start, tmp_path):
    folder = write_model(tmp_path / "m", 1)
    client("warmup", str(folder))
    double = start("--model_name=mnist", f"--model_base_path={tmp_path}/m").wait()
    assert "Number of warmup records read: 3." in double.log.read_text()
