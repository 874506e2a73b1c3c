"""What the published client `tensorflow-serving-api` sees of the double: run with the interpreter of its own environment.

    python real_client.py ADDRESS BASE
    python real_client.py warmup FOLDER

The first form prints one JSON object, a key a check. The double serves model `mnist` from BASE: versions 1 (half_plus_two,
label stable) and 2 (half_plus_three). The second form writes warm-up requests into a version's folder.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import grpc
import tensorflow as tf
from google.protobuf import text_format
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_log_pb2,
    prediction_service_pb2_grpc,
    regression_pb2,
)
from tensorflow_serving.config import model_server_config_pb2

channel = grpc.insecure_channel(sys.argv[1])
prediction = prediction_service_pb2_grpc.PredictionServiceStub(channel)
models = model_service_pb2_grpc.ModelServiceStub(channel)
WAIT = 10  # seconds for an answer


def spec(message: Any, name: str = "mnist", version: int = 0, label: str = "", signature: str = "") -> Any:
    """Fill the model spec of a request, and return the request."""
    message.model_spec.name = name
    if version:
        message.model_spec.version.value = version
    if label:
        message.model_spec.version_label = label
    message.model_spec.signature_name = signature
    return message


def predict(values: Any, **wanted: Any) -> Any:
    """Ask for predictions of a list or array of numbers."""
    request = spec(predict_pb2.PredictRequest(), **wanted)
    request.inputs["x"].CopyFrom(tf.make_tensor_proto(values))
    return prediction.Predict(request, WAIT)


def predicted(values: Any, **wanted: Any) -> list[Any]:
    """Return the predictions, with their shape, type and the version that answered."""
    answer = predict(tf.constant(values, tf.float32).numpy(), **wanted)
    tensor = tf.make_ndarray(answer.outputs["y"])
    return [
        tensor.tolist(),
        list(tensor.shape),
        str(tensor.dtype),
        answer.model_spec.version.value,
        answer.model_spec.signature_name,
    ]


def fill_examples(request: Any) -> Any:
    """Add the examples x = 1 and x = 2 to a request."""
    for x in (1.0, 2.0):
        feature = tf.train.Feature(float_list=tf.train.FloatList(value=[x]))
        example = tf.train.Example(features=tf.train.Features(feature={"x": feature}))
        request.input.example_list.examples.add().ParseFromString(example.SerializeToString())
    return request


def classified() -> list[Any]:
    """Return label and score of each example's class."""
    request = fill_examples(spec(classification_pb2.ClassificationRequest(), signature="classify_x_to_y", version=1))
    answer = prediction.Classify(request, WAIT)
    return [[item.classes[0].label, item.classes[0].score] for item in answer.result.classifications]


def regressed() -> list[float]:
    """Return the value of each example."""
    request = fill_examples(spec(regression_pb2.RegressionRequest(), signature="regress_x_to_y", version=1))
    return [item.value for item in prediction.Regress(request, WAIT).result.regressions]


def inferred() -> list[Any]:
    """Classify and regress in one request."""
    request = fill_examples(inference_pb2.MultiInferenceRequest())
    for method in ("classify", "regress"):
        spec(request.tasks.add(method_name=f"tensorflow/serving/{method}"), signature=f"{method}_x_to_y", version=1)
    first, second = prediction.MultiInference(request, WAIT).results
    return [
        first.classification_result.classifications[1].classes[0].score,
        second.regression_result.regressions[1].value,
    ]


def metadata() -> list[Any]:
    """Return what the default signature of version 2 takes and gives."""
    request = spec(get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"]), version=2)
    answer = prediction.GetModelMetadata(request, WAIT)
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert answer.metadata["signature_def"].Unpack(signatures)
    default = signatures.signature_def["serving_default"]
    shape = [dim.size for dim in default.inputs["x"].tensor_shape.dim]
    return [
        default.method_name,
        default.inputs["x"].dtype == tf.float32,
        shape,
        list(default.outputs),
        answer.model_spec.version.value,
    ]


def status(name: str = "mnist") -> dict[str, str]:
    """Return the state of each version."""
    answer = models.GetModelStatus(spec(get_model_status_pb2.GetModelStatusRequest(), name), WAIT)
    name_of = get_model_status_pb2.ModelVersionStatus.State.Name
    return {str(entry.version): name_of(entry.state) for entry in answer.model_version_status}


def reloaded(base: str) -> list[Any]:
    """Add the model `other`, and count the requests that failed meanwhile by the metric's increase."""
    text = f"""model_config_list {{
      config {{ name: "mnist" base_path: "{base}" model_platform: "tensorflow" model_version_policy {{ all {{}} }}
               version_labels {{ key: "stable" value: 1 }} version_labels {{ key: "canary" value: 2 }} }}
      config {{ name: "other" base_path: "{base}" model_platform: "tensorflow" }} }}"""
    config = text_format.Parse(text, model_server_config_pb2.ModelServerConfig())
    metric = "/tensorflow/serving/request_count"
    answer = models.HandleReloadConfigRequest(
        model_management_pb2.ReloadConfigRequest(config=config, metric_names=[metric]), WAIT
    )
    increases = [[entry.name, entry.int64_value_increase] for entry in answer.metric]
    return [answer.status.error_code, increases, status("other"), predicted([1.0], label="canary")[0]]


def error(call: Callable[[], Any]) -> list[str]:
    """Return code and text of the error that a call gives."""
    try:
        return ["no error", str(call())]
    except grpc.RpcError as problem:
        return [problem.code().name, problem.details()]


def main(base: str) -> dict[str, Any]:
    """Make all checks."""
    return {
        "predict": predicted([[1.0], [2.0], [5.0]]),
        "predict one": predicted([1.0], version=1),
        "predict label": predicted([[1.0, 2.0]], label="stable"),
        "classify": classified(),
        "regress": regressed(),
        "multi inference": inferred(),
        "metadata": metadata(),
        "status": status(),
        "reload": reloaded(base),
        "no such model": error(lambda: predicted([1.0], name="none")),
        "no such version": error(lambda: predicted([1.0], version=9)),
        "no such label": error(lambda: predicted([1.0], label="none")),
        "no such signature": error(lambda: predicted([1.0], signature="none")),
        "wrong type": error(lambda: predict(tf.constant([1, 2], tf.int64).numpy())),
        "no input": error(lambda: prediction.Predict(spec(predict_pb2.PredictRequest()), WAIT)),
        "no model spec": error(lambda: prediction.Predict(predict_pb2.PredictRequest(), WAIT)),
        "no status": error(lambda: status("none")),
    }


def write_warmup(folder: str) -> None:
    """Write three warm-up requests into a version's folder, as TensorFlow Serving's documentation tells."""
    request = spec(predict_pb2.PredictRequest())
    request.inputs["x"].CopyFrom(tf.make_tensor_proto([1.0, 2.0]))
    log = prediction_log_pb2.PredictionLog(predict_log=prediction_log_pb2.PredictLog(request=request))
    tf.io.gfile.makedirs(f"{folder}/assets.extra")
    with tf.io.TFRecordWriter(f"{folder}/assets.extra/tf_serving_warmup_requests") as writer:
        for _ in range(3):
            writer.write(log.SerializeToString())


if __name__ == "__main__":
    if sys.argv[1] == "warmup":
        write_warmup(sys.argv[2])
    else:
        print(json.dumps(main(sys.argv[2])))
