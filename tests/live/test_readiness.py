"""The readiness route: one for all components, beside the project's own health route."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from conftest import EVERY, SHAPES, TEMPLATES, RedisServer, Uvicorn, manifest
from email_support import SmtpServer
from mongodb_support import MongoServer
from postgis_support import Cluster
from redis_support import imported

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


# docs/components.md: what may be late, what is read from memory, what a setting lets pass, what needs the project's own
# connection; and what uses no server.
NOT_IN_THE_ROUTE = {"email", "flags", "ratelimit", "postgis", "search", "vector", "graphql", "metrics"}


def test_every_component_has_its_check() -> None:
    """And those without which no request is served are in the route."""
    for component in EVERY:
        module = TEMPLATES / component / manifest(component)["module"][0]["template"]
        assert f"async def check_{component}(" in module.read_text(), component
        assert ("readiness" not in manifest(component)) is (component in NOT_IN_THE_ROUTE), component


async def test_every_check_follows_its_server(
    make_project: Callable[..., Path], redis_server: RedisServer, tmp_path: Path
) -> None:
    """All at once: there; away, said at once; there again; and where Redis hangs, within the time limit."""
    project = make_project("arq", "taskiq", "websocket", "ratelimit", "flags", "email", "mongodb")
    names = ("REDIS_URL", "ARQ_REDIS_URL", "TASKIQ_REDIS_URL", "WS_REDIS_URL", "RATELIMIT_REDIS_URL", "FLAGS_URL")
    env = {name: redis_server.url(number) for number, name in enumerate(names)}
    smtp = SmtpServer()
    env |= {"EMAIL_BACKEND": "smtp", "SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(smtp.port)}
    mongod = MongoServer(tmp_path)
    env |= {"MONGODB_URL": mongod.url()}
    modules = {"redis": "cache", "websocket": "ws", "mongodb": "mongo"}
    modules |= {name: name for name in ("arq", "taskiq", "ratelimit", "flags", "email")}
    with imported(project, *(f"services.{name}" for name in modules.values()), **env) as found:
        loaded = dict(zip(modules, found, strict=True))
        checks = {name: getattr(module, f"check_{name}") for name, module in loaded.items()}
        await loaded["websocket"].manager.start_pubsub()

        async def failed() -> set[str]:
            began = time.monotonic()
            results = await asyncio.gather(*(check() for check in checks.values()), return_exceptions=True)
            assert time.monotonic() - began < 4
            return {name for name, result in zip(checks, results, strict=True) if result is not None}

        async def until_all_are_well() -> None:
            end = time.monotonic() + 15
            while left := await failed():
                assert time.monotonic() < end, left
                await asyncio.sleep(0.2)

        await until_all_are_well()
        redis_server.stop()
        smtp.stop()
        mongod.stop()
        assert await failed() == set(checks)
        redis_server.start()
        smtp.start()
        mongod.start()
        await until_all_are_well()
        assert redis_server.process
        os.kill(redis_server.process.pid, signal.SIGSTOP)
        try:
            assert await failed() == set(checks) - {"email", "mongodb"}
        finally:
            os.kill(redis_server.process.pid, signal.SIGCONT)
        await until_all_are_well()
        await loaded["websocket"].manager.stop_pubsub()
        for name, module in loaded.items():
            if name != "websocket":
                await getattr(module, f"stop_{name}")()
    smtp.stop()
    mongod.stop()
