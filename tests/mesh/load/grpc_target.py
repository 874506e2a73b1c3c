"""TensorFlow Serving's gRPC API: Predict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import grpc
import grpc.aio

from .answer import Outcome
from .messages import DT_FLOAT, PredictRequest, PredictResponse
from .rest_target import SERVED_BY

METHOD = "/tensorflow.serving.PredictionService/Predict"
# gRPC would try again by itself, and would share connections between channels.
OPTIONS = [("grpc.enable_retries", 0), ("grpc.use_local_subchannel_pool", 1)]


class Grpc:
    """Predict requests to ``address`` (host:port) for a model whose input is ``x``, over cleartext HTTP/2."""

    def __init__(
        self,
        address: str,
        model: str,
        instances: Sequence[float | Sequence[float]] = (1.0,),
        metadata: Mapping[str, str] | None = None,
        authority: str | None = None,
        model_version: int | None = None,
        version_header: str = SERVED_BY,
    ) -> None:
        self.version_header = version_header
        self.address = address
        self.metadata = tuple((metadata or {}).items())
        self.options = [*OPTIONS, *([("grpc.default_authority", authority)] if authority else [])]
        request = PredictRequest()
        request.model_spec.name = model
        if model_version is not None:
            request.model_spec.version.value = model_version
        tensor = request.inputs["x"]
        tensor.dtype = DT_FLOAT
        tensor.tensor_shape.dim.add(size=len(instances))
        if instances and isinstance(instances[0], Sequence):
            tensor.tensor_shape.dim.add(size=len(instances[0]))
        for row in instances:
            tensor.float_val.extend(row if isinstance(row, Sequence) else [row])
        self._request = request.SerializeToString()
        self._kept: grpc.aio.Channel

    async def open(self) -> None:
        """Make the channel that is kept."""
        self._kept = self._channel()

    async def close(self) -> None:
        """Close the channel that was kept."""
        await self._kept.close()

    def _channel(self) -> grpc.aio.Channel:
        return grpc.aio.insecure_channel(self.address, options=self.options)

    async def send(self, new_connection: bool, timeout: float) -> Outcome:
        """Send one request."""
        if not new_connection:
            return await self._call(self._kept, timeout)
        channel = self._channel()
        try:
            return await self._call(channel, timeout)
        finally:
            await channel.close()

    async def _call(self, channel: grpc.aio.Channel, timeout: float) -> Outcome:
        method = channel.unary_unary(METHOD, response_deserializer=PredictResponse.FromString)
        call = method(self._request, timeout=timeout, metadata=self.metadata)
        try:
            response = await call
            headers = dict(await call.initial_metadata() or ())
        except grpc.aio.AioRpcError as error:
            return Outcome(error.code().name, error=f"{error.code().name}: {error.details()}")
        served_by = headers.get(self.version_header) or str(response.model_spec.version.value)
        values = next(
            (response.outputs[name].float_val for name in sorted(response.outputs) if response.outputs[name].float_val),
            None,
        )
        return Outcome("OK", value=values[0] if values else None, served_by=served_by)
