"""The messages of TensorFlow Serving's gRPC API, made of the descriptors in serving.binpb.

They live in a pool of their own, so that the real client's messages can be imported beside them. The file is made by the
model server double's proto/generate.sh.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_pool = descriptor_pool.DescriptorPool()
_files = descriptor_pb2.FileDescriptorSet.FromString(Path(__file__).with_name("serving.binpb").read_bytes())
for _file in _files.file:
    _pool.Add(_file)


def message(name: str) -> Any:
    """Return the class of a message of package tensorflow.serving."""
    return message_factory.GetMessageClass(_pool.FindMessageTypeByName(f"tensorflow.serving.{name}"))


PredictRequest = message("PredictRequest")
PredictResponse = message("PredictResponse")

DT_FLOAT = 1
