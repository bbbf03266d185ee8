from prometheus_client import Counter

from settings import settings

REQUESTS = Counter("http_requests_total", "Requests", ["method"])


def count(method: str) -> None:
    if settings.metrics_enabled:
        REQUESTS.labels(method).inc()
