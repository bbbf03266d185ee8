"""An OTLP receiver of our own: a gRPC server on a free port that keeps the spans it gets."""

import threading
import time
from concurrent import futures
from dataclasses import dataclass, field

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

SERVER, CLIENT = Span.SPAN_KIND_SERVER, Span.SPAN_KIND_CLIENT


@dataclass
class ReceivedSpan:
    """What the tests ask of a span."""

    service: str
    name: str
    kind: int
    trace_id: str
    span_id: str
    parent_id: str
    error: bool
    attributes: dict[str, object] = field(default_factory=dict)

    @property
    def route(self) -> object:
        return self.attributes.get("http.route")

    @property
    def is_sql(self) -> bool:
        return "db.query.text" in self.attributes


def _values(attributes: list[KeyValue]) -> dict[str, object]:
    return {item.key: getattr(item.value, item.value.WhichOneof("value") or "string_value") for item in attributes}


class OtlpReceiver(trace_service_pb2_grpc.TraceServiceServicer):
    """`with OtlpReceiver() as receiver:` listens; `receiver.endpoint` is its URL."""

    def __init__(self) -> None:
        self._spans: list[ReceivedSpan] = []
        self._changed = threading.Condition()
        self._server = grpc.server(futures.ThreadPoolExecutor(4))
        trace_service_pb2_grpc.add_TraceServiceServicer_to_server(self, self._server)
        self.port = self._server.add_insecure_port("127.0.0.1:0")

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> "OtlpReceiver":
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop(0).wait()

    def Export(  # noqa: N802 - the name is the protocol's
        self, request: trace_service_pb2.ExportTraceServiceRequest, context: grpc.ServicerContext
    ) -> trace_service_pb2.ExportTraceServiceResponse:
        with self._changed:
            for resource in request.resource_spans:
                service = str(_values(resource.resource.attributes).get("service.name", ""))
                for scope in resource.scope_spans:
                    self._spans += [
                        ReceivedSpan(
                            service=service,
                            name=span.name,
                            kind=span.kind,
                            trace_id=span.trace_id.hex(),
                            span_id=span.span_id.hex(),
                            parent_id=span.parent_span_id.hex(),
                            error=span.status.code == 2,
                            attributes=_values(span.attributes),
                        )
                        for span in scope.spans
                    ]
            self._changed.notify_all()
        return trace_service_pb2.ExportTraceServiceResponse()

    def spans(self, at_least: int = 0, seconds: float = 10) -> list[ReceivedSpan]:
        """The spans so far, once there are `at_least` so many or the time is over."""
        end = time.monotonic() + seconds
        with self._changed:
            while len(self._spans) < at_least and (left := end - time.monotonic()) > 0:
                self._changed.wait(left)
            return list(self._spans)

    def clear(self) -> None:
        with self._changed:
            self._spans.clear()
