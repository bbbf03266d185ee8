"""The readiness route: one for all components, beside the project's own health route."""

import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from conftest import SHAPES, RedisServer, Uvicorn
from postgis_support import Cluster

USING = ("redis", "taskiq", "storage", "websocket")


@pytest.mark.parametrize("shape", ["lower", "upper"])
def test_it_follows_the_servers(
    make_project: Callable[..., Path],
    serve: Callable[..., Uvicorn],
    redis_server: RedisServer,
    cluster: Cluster,
    shape: str,
) -> None:
    """Ready; not ready with the names of what is away, within the time limit; alive all the time; ready again."""
    project = make_project(*USING, shape=shape)
    urls = {name: redis_server.url(number) for number, name in enumerate(("REDIS_URL", "TASKIQ_REDIS_URL", "WS_REDIS_URL"))}
    server = serve(project, SHAPES[shape].app, **urls, DATABASE_URL=cluster.url(cluster.database()))

    def ready() -> tuple[int, list[str]]:
        answer = httpx.get(f"{server.url}/health/ready", timeout=10)
        body = answer.json()
        assert body["ready"] is (answer.status_code == 200) is (not body["failed"])
        return answer.status_code, body["failed"]

    assert ready() == (200, [])
    redis_server.stop()
    started = time.monotonic()
    status, failed = ready()
    assert (status, sorted(failed)) == (503, ["redis", "taskiq", "websocket"])
    assert time.monotonic() - started < 5
    assert httpx.get(f"{server.url}/health").status_code == 200
    redis_server.start()
    time.sleep(1)
    assert ready() == (200, [])
