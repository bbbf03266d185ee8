"""The usage blocks of `infrastructure.md`, section "Metrics", as printed, the module path aside."""

# "Prometheus Metrics"
PROMETHEUS = """\
from services.metrics import (
    REQUEST_COUNT,
    REQUEST_LATENCY,
    ACTIVE_REQUESTS,
)

# Metrics are automatically collected via middleware
# Access at /metrics endpoint
"""

# "Custom Spans"
CUSTOM_SPANS = """\
from services.tracing import get_tracer

tracer = get_tracer(__name__)

async def process_order(order_id: int):
    with tracer.start_as_current_span("process_order") as span:
        span.set_attribute("order.id", order_id)
        # Your logic here
"""

EXAMPLES = {"Prometheus Metrics": PROMETHEUS, "Custom Spans": CUSTOM_SPANS}

# What is left out: the section's other block is `docker compose up -d jaeger`, which the next steps print.
LEFT_OUT = {"View traces in Jaeger": "a shell command that needs a container"}
