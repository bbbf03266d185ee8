"""Other versions: FastAPI 0.115, 0.143 and the newest, SQLAlchemy 2.0 and 2.1, redis-py 5 and 8, Python 3.12 and 3.13.

Each environment is made from what the project declares after `add`, so that what a component needs and does not
declare is missed here. `target/live/` keeps the environments.
"""

import hashlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import websockets.sync.client
from conftest import ROOT, SHAPES, TOGETHER, Projects, RedisServer, Uvicorn, add
from mongodb_support import MongoServer
from otlp_receiver import OtlpReceiver
from postgis_support import Cluster
from redis_support import clients
from test_metrics import APP, SPANS_ROUTES, quick, scrape, wrong_labels
from test_wiring import VISITS, quiet, use

CACHE = ROOT / "target" / "live"
WITHOUT_ARQ = tuple(component for component in TOGETHER if component != "arq")
# What the label table's application imports, and the project does not.
EXTRA = ["aiosqlite>=0.20"]


@dataclass(frozen=True)
class Combination:
    python: str
    components: tuple[str, ...]
    pins: tuple[str, ...]
    shows: dict[str, str]  # what the versions begin with
    lowest: bool = False  # the lowest versions that the project and the components allow


COMBINATIONS = {
    "the lowest": Combination(
        "3.12", TOGETHER, ("sqlalchemy==2.0.43",), {"fastapi": "0.115.", "sqlalchemy": "2.0.", "redis": "5.2."}, lowest=True
    ),
    "redis-py 8": Combination(
        "3.13",
        WITHOUT_ARQ,
        ("fastapi==0.143.*", "sqlalchemy==2.1.*", "redis==8.*"),
        {"fastapi": "0.143.", "sqlalchemy": "2.1.", "redis": "8."},
    ),
    "the newest": Combination("3.13", TOGETHER, (), {"fastapi": "0.1", "redis": "5."}),
}


def interpreter(version: str) -> str:
    """A Python of pyenv, whose shims hide it; else uv finds or fetches one."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = sorted(root.glob(f"versions/{version}.*/bin/python"))
    return str(found[-1]) if found else version


def environment(project: Path, combination: Combination, declared_in: str = "pyproject.toml") -> str:
    """The interpreter of an environment with what the project declares, in these versions."""
    declared = (project / declared_in).read_bytes()
    # "The newest" is looked for anew each week.
    week = time.strftime("%G-%V") if not combination.pins else ""
    key = hashlib.sha256(declared + repr((combination, EXTRA, week)).encode()).hexdigest()[:16]
    folder = CACHE / f"venv-{key}"
    python = folder / "bin" / "python"
    if (folder / "complete").exists():
        return str(python)
    uv = shutil.which("uv")
    assert uv, "uv is not installed"
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    options = ["--resolution", "lowest-direct"] if combination.lowest else []
    for command in (
        [uv, "venv", "--quiet", "--no-project", "--python", interpreter(combination.python), str(folder)],
        [uv, "pip", "install", "--quiet", "--python", str(python), *options, "-r", declared_in, *EXTRA, *combination.pins],
    ):
        done = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=170)
        assert done.returncode == 0, done.stderr
    (folder / "complete").touch()
    return str(python)


@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name == "the lowest" else pytest.mark.long) for name in COMBINATIONS]
)
def test_versions(
    projects: Projects,
    serve: Callable[..., Uvicorn],
    redis_server: RedisServer,
    cluster: Cluster,
    mongod: MongoServer,
    name: str,
) -> None:
    """Issue 3 (5): "the metrics label table and the start of the application on each" version."""
    combination = COMBINATIONS[name]
    project = projects.make(*combination.components)
    python = environment(project, combination)
    code = "import importlib.metadata as m, json, sys; print(json.dumps({n: m.version(n) for n in sys.argv[1:]}))"
    shown = json.loads(subprocess.check_output([python, "-c", code, *combination.shows], text=True))
    print(f"\n{name}: Python {combination.python}, {shown}")
    assert all(shown[package].startswith(start) for package, start in combination.shows.items()), shown

    use(project, "lower", VISITS.format(services="services"))
    with OtlpReceiver() as receiver:
        env = {
            "DATABASE_URL": cluster.url(cluster.database()),
            "REDIS_URL": redis_server.url(0),
            "ARQ_REDIS_URL": redis_server.url(1),
            "WS_REDIS_URL": redis_server.url(2),
            "FLAGS_URL": redis_server.url(3),
            "TASKIQ_REDIS_URL": redis_server.url(4),
            "MONGODB_URL": mongod.url(),
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
        }
        server = serve(project, SHAPES["lower"].app, python=python, **env)
        assert httpx.get(f"{server.url}/health").json() == {"status": "healthy"}
        assert httpx.get(f"{server.url}/visits/home").json() == {"visits": 1}
        shown = httpx.get(f"{server.url}/metrics").text
        assert 'http_requests_total{method="GET",path="/visits/{page}",status="200"} 1.0' in shown
        quiet(server.stop())
        assert clients(redis_server) == []
        names = {span.name for span in receiver.spans()}
        assert "GET /visits/{page}" in names and any(name.startswith("SELECT") for name in names)

        (project / "live_app.py").write_text(APP)
        (project / "spans_routes.py").write_text(SPANS_ROUTES)
        server = serve(project, "live_app:app", "--http", "h11", python=python, **quick(receiver.endpoint))
        assert wrong_labels(server.url) == []
        assert scrape(server.url)[("http_requests_in_progress",)] == 0
        server.stop()


WITH_PYDANTIC_1 = """\
from typing import Any

from fastapi import WebSocket, WebSocketDisconnect
from pydantic import BaseModel

from app.main import app
from app.services.arq import enqueue
from app.services.cache import cache_get, cache_set
from app.services.storage import get_storage
from app.services.ws import manager


class Episode(BaseModel):
    number: int


@app.get("/episodes/{number}")
async def episode(number: int) -> Any:
    await cache_set("episode", Episode(number=number))
    assert await enqueue("send_welcome_email", user_id=Episode(number=number))
    await get_storage().upload("episode", str(number).encode())
    return [await cache_get("episode"), int(await get_storage().download("episode"))]


@app.websocket("/ws/{client_id}")
async def ws(websocket: WebSocket, client_id: str) -> None:
    await manager.connect(websocket, client_id)
    try:
        await manager.broadcast(Episode(number=int(await websocket.receive_text())))
    except WebSocketDisconnect:
        manager.disconnect(client_id)
"""


@pytest.mark.timeout(400)
def test_pydantic_1(
    projects: Projects, serve: Callable[..., Uvicorn], redis_server: RedisServer, cluster: Cluster, mongod: MongoServer
) -> None:
    """COMPONENTS.md: "Pydantic v1 projects"; the fixture with FastAPI 0.95 and pydantic 1, with all of them."""
    project = projects.fresh("add-event-handler")
    add(project, *TOGETHER)
    python = environment(project, Combination("3.11", TOGETHER, (), {}), "requirements.txt")
    (project / "live.py").write_text(WITH_PYDANTIC_1)
    env = {
        "DATABASE_URL": cluster.url(cluster.database()).replace("+asyncpg", ""),
        "REDIS_URL": redis_server.url(0),
        "ARQ_REDIS_URL": redis_server.url(1),
        "WS_REDIS_URL": redis_server.url(2),
        "FLAGS_URL": redis_server.url(3),
        "TASKIQ_REDIS_URL": redis_server.url(4),
        "MONGODB_URL": mongod.url(),
        "OTEL_EXPORTER_OTLP_ENDPOINT": "",
    }
    server = serve(project, "live:app", python=python, **env)
    assert httpx.get(f"{server.url}/episodes/7").json() == [{"number": 7}, 7]
    with websockets.sync.client.connect(f"ws://127.0.0.1:{server.port}/ws/me") as client:
        client.send("8")
        assert json.loads(client.recv(5)) == {"number": 8}
    shown = httpx.get(f"{server.url}/metrics").text
    assert 'http_requests_total{method="GET",path="/episodes/{number}",status="200"} 1.0' in shown
    quiet(server.stop())
    assert clients(redis_server) == []
