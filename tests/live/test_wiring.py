"""The promise: after `add`, without an edit by hand, the application starts, uses its services and stops cleanly.

Each test takes a project, lets the tool add components, and then does what a user does: a route of his own.
"""

import ast
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import websockets.sync.client
import yaml
from conftest import COMPONENTS, SHAPES, Projects, RedisServer, Uvicorn, add, wait_for
from examine import program
from otlp_receiver import SERVER, OtlpReceiver
from postgis_support import Cluster
from redis_support import clients

Make = Callable[..., Path]
Serve = Callable[..., Uvicorn]

# Where the user's file goes, the line of `main.py` that his import follows, the line that his `include_router` follows,
# its indentation, and the prefix of his routes.
PLACES = {
    "lower": (
        "features/live/routes.py",
        "from features.health.routes import router as health_router\n",
        'app.include_router(health_router, tags=["health"])\n',
        "    ",
        "",
    ),
    "upper": (
        "app/api/live.py",
        "from app.core.database import create_tables, engine\n",
        "app.include_router(parcels.router, prefix=settings.API_PREFIX)\n",
        "",
        "/api/v1",
    ),
}

VISITS = """\
from typing import Any

from fastapi import APIRouter
from {services}.cache import cache_get, cache_set

router = APIRouter(prefix="/visits")


@router.get("/{{page}}")
async def visit(page: str) -> Any:
    known = await cache_get(f"visits:{{page}}") or {{"visits": 0}}
    known["visits"] += 1
    await cache_set(f"visits:{{page}}", known, expire=60)
    return known
"""

EVERYTHING = """
from fastapi import Request, WebSocket, WebSocketDisconnect
from sqlalchemy import select
from {services}.arq import enqueue
from {services}.geo import distance_within, point
from {services}.storage import get_storage
from {services}.ws import manager

from {database} import {session_factory} as new_session
from {models} import Place


@router.post("/welcome/{{user_id}}")
async def welcome(user_id: int) -> str | None:
    job = await enqueue("send_welcome_email", user_id=user_id)
    return job and job.job_id


@router.put("/files/{{name}}")
async def put(name: str, request: Request) -> bool:
    await get_storage().upload(name, await request.body())
    return await get_storage().exists(name)


@router.post("/places/{{name}}")
async def place(name: str, lat: float, lng: float) -> list[str]:
    async with new_session() as session:
        session.add(Place(name=name, location=point(lat=lat, lng=lng)))
        await session.commit()
        near = distance_within(Place.location, lat=52.52, lng=13.4, radius_meters=1000)
        return list(await session.scalars(select(Place.name).where(near)))


@router.websocket("/ws/{{client_id}}")
async def ws(websocket: WebSocket, client_id: str) -> None:
    await manager.connect(websocket, client_id)
    try:
        while True:
            await manager.broadcast({{"from": client_id, "text": await websocket.receive_text()}})
    except WebSocketDisconnect:
        manager.disconnect(client_id)
"""

PLACE = """

from sqlalchemy.orm import Mapped, mapped_column
from {services}.geo import Geography
from {database} import Base


class Place(Base):
    __tablename__ = "places"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    location: Mapped[Geography] = mapped_column(Geography(geometry_type="POINT", srid=4326), index=True)
"""


def use(project: Path, shape: str, source: str) -> None:
    """A user's own routes: one file, and two lines in the application's module."""
    path, import_line, include_line, indent, prefix = PLACES[shape]
    routes = project / path
    routes.parent.mkdir(parents=True, exist_ok=True)
    if not (routes.parent / "__init__.py").exists():
        (routes.parent / "__init__.py").touch()
    routes.write_text(source)
    main = project / SHAPES[shape].app.split(":")[0].replace(".", "/")
    main = main.with_suffix(".py")
    text = main.read_text()
    assert import_line in text and include_line in text, text
    module = path.removesuffix(".py").replace("/", ".")
    text = text.replace(import_line, f"{import_line}from {module} import router as live_router\n")
    own = f"app.include_router(live_router, prefix={prefix!r})\n"
    main.write_text(text.replace(include_line, f"{include_line}{indent}{own}"))


def quiet(log: str) -> None:
    """The log says nothing that a user would have to look into; `uvicorn.error` is the name of uvicorn's logger."""
    lines = [line.replace("uvicorn.error", "uvicorn") for line in log.splitlines()]
    loud = [line for line in lines if re.search(r"warning|error|critical|traceback|exception", line, re.I)]
    assert loud == [], log


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    with OtlpReceiver() as running:
        yield running


@pytest.mark.parametrize("shape", PLACES)
def test_redis_and_metrics(
    make_project: Make,
    serve: Serve,
    redis_server: RedisServer,
    cluster: Cluster,
    receiver: OtlpReceiver,
    shape: str,
) -> None:
    """Issue 2 (5): with `infra add redis metrics --yes` the application starts under uvicorn with real Redis and
    PostgreSQL, uses the cache through a route, shows it in `/metrics`; and `METRICS_ENABLED=false` turns that off."""
    project = make_project("redis", "metrics", shape=shape)
    use(project, shape, VISITS.format(services=SHAPES[shape].services))
    prefix = PLACES[shape][4]
    env = {
        "DATABASE_URL": cluster.url(cluster.database()),
        "REDIS_URL": redis_server.url(),
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
    }
    server = serve(project, SHAPES[shape].app, **env)
    assert [httpx.get(f"{server.url}{prefix}/visits/{page}").json() for page in ("home", "home", "news")] == [
        {"visits": 1}, {"visits": 2}, {"visits": 1},
    ]
    assert json.loads(redis_server.cli("get", "visits:home")) == {"visits": 2}
    assert 0 < int(redis_server.cli("ttl", "visits:home")) <= 60
    shown = httpx.get(f"{server.url}/metrics").text
    assert f'http_requests_total{{method="GET",path="{prefix}/visits/{{page}}",status="200"}} 3.0' in shown
    assert "home" not in shown and 'path="/metrics"' not in shown
    assert clients(redis_server)
    quiet(server.stop())
    assert clients(redis_server) == []
    spans = [span for span in receiver.spans() if span.kind == SERVER]
    assert [span.route for span in spans] == [f"{prefix}/visits/{{page}}"] * 3
    assert {span.service for span in spans} == {{"lower": "demo", "upper": "parceltrack"}[shape]}

    server = serve(project, SHAPES[shape].app, **env, METRICS_ENABLED="false")
    assert httpx.get(f"{server.url}{prefix}/visits/home").json() == {"visits": 3}
    assert httpx.get(f"{server.url}/metrics").status_code == 404
    server.stop()


def worker_commands(project: Path, said: str) -> list[str]:
    """How the worker is run: the compose file's command, and what the next steps say."""
    (path,) = [*project.glob("docker-compose.yml"), *project.glob("compose.yml")]
    services = yaml.safe_load(path.read_text())["services"]
    (printed,) = re.findall(r"and run the worker: (.*)", said)
    return [services["worker"]["command"], printed]


def start_worker(project: Path, command: str, env: dict[str, str]) -> tuple[subprocess.Popen[bytes], Path]:
    """Runs the worker's command line, `uv run` aside: the environment is this one."""
    words = shlex.split(command.removeprefix("uv run "))
    assert words[0] == "arq"
    log = project / "worker.log"
    process = subprocess.Popen(
        [program("arq"), *words[1:]], cwd=project, env={**os.environ, **env}, stdout=log.open("wb"), stderr=subprocess.STDOUT
    )
    wait_for(lambda: "redis_version" in log.read_text() or process.poll() is not None, "the worker's start")
    return process, log


def migrate(project: Path, env: dict[str, str]) -> None:
    """What the next steps of `postgis` say, with the project's own Alembic environment."""
    # The project's own hook writes no second migration where there is nothing to migrate.
    for words in ("revision --autogenerate -m places", "upgrade head", "revision --autogenerate -m nothing"):
        done = subprocess.run(
            [sys.executable, "-m", "alembic", *words.split()],
            cwd=project, env={**os.environ, **env}, capture_output=True, text=True, timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    (written,) = (project / "db/migrations/versions").glob("*.py")
    assert written.read_text().count("create_index") == 1


@pytest.mark.parametrize("shape", PLACES)
def test_all_six(
    projects: Projects,
    serve: Serve,
    redis_server: RedisServer,
    cluster: Cluster,
    receiver: OtlpReceiver,
    shape: str,
) -> None:
    """Issue 3 (2): "with all six the application starts, serves and stops cleanly (Redis's client list empty, no warning
    in the log)"; every component is used through a route, and the worker's command line does the job."""
    project = projects.fresh(shape)
    said = add(project, *COMPONENTS)
    if shape == "lower":
        names = {"database": "db.database", "session_factory": "async_session_factory", "models": "features.live.models"}
        models = project / "features/live/models.py"
        models.parent.mkdir()
    else:
        names = {"database": "app.core.database", "session_factory": "new_session", "models": "app.places"}
        models = project / "app/places.py"
    services = SHAPES[shape].services
    models.write_text(PLACE.format(services=services, **names))
    use(project, shape, VISITS.format(services=services) + EVERYTHING.format(services=services, **names))
    prefix = PLACES[shape][4] + "/visits"

    database = cluster.database(*([] if shape == "lower" else ["postgis"]))
    env = {
        "DATABASE_URL": cluster.url(database),
        "REDIS_URL": redis_server.url(0),
        "ARQ_REDIS_URL": redis_server.url(1),
        "WS_REDIS_URL": redis_server.url(2),
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
    }
    if shape == "lower":
        migrate(project, env)

    server = serve(project, SHAPES[shape].app, **env)
    assert httpx.get(f"{server.url}{prefix}/home").json() == {"visits": 1}
    assert httpx.put(f"{server.url}{prefix}/files/a.txt", content=b"text").json() is True
    assert (project / "uploads/a.txt").read_bytes() == b"text"
    far = httpx.post(f"{server.url}{prefix}/places/far", params={"lat": 48, "lng": 2})
    near = httpx.post(f"{server.url}{prefix}/places/near", params={"lat": 52.521, "lng": 13.4})
    assert (far.json(), near.json()) == ([], ["near"])
    with websockets.sync.client.connect(f"ws://127.0.0.1:{server.port}{prefix}/ws/me") as client:
        client.send("hello")
        assert json.loads(client.recv(5)) == {"from": "me", "text": "hello"}
    job_id = httpx.post(f"{server.url}{prefix}/welcome/7").json()

    commands = worker_commands(project, said)
    assert commands[0].removeprefix("uv run ") == commands[1].removeprefix("uv run ")
    process, log = start_worker(project, commands[0], env)
    try:
        wait_for(lambda: redis_server.cli("-n", "1", "exists", f"arq:result:{job_id}") == "1", "the job's result")
        result = json.loads(redis_server.cli("-n", "1", "get", f"arq:result:{job_id}"))
        assert (result["s"], result["r"]) == (True, "welcome email sent to user 7")
    finally:
        process.terminate()
        assert process.wait(20) == 0, log.read_text()
    quiet(log.read_text())

    shown = httpx.get(f"{server.url}/metrics").text
    assert f'http_requests_total{{method="POST",path="{prefix}/places/{{name}}",status="200"}} 2.0' in shown
    quiet(server.stop())
    assert clients(redis_server) == []
    spans = receiver.spans()
    request = next(span for span in spans if span.kind == SERVER and span.route == f"{prefix}/places/{{name}}")
    assert any(span.is_sql and span.trace_id == request.trace_id for span in spans)


def lifespan_calls(project: Path, shape: str) -> tuple[list[str], list[str]]:
    """What the lifespan awaits before and after its `yield`."""
    source = (project / SHAPES[shape].app.split(":")[0].replace(".", "/")).with_suffix(".py").read_text()
    (function,) = [
        node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.AsyncFunctionDef) and node.name == "lifespan"
    ]
    (line,) = [node.lineno for node in ast.walk(function) if isinstance(node, ast.Yield)]
    awaited = [(node.lineno, ast.unparse(node.value)) for node in ast.walk(function) if isinstance(node, ast.Await)]
    awaited.sort()
    return [text for at, text in awaited if at < line], [text for at, text in awaited if at > line]


STEPS: dict[str, list[tuple[str, ...]]] = {
    "at once": [COMPONENTS],
    "at once, backwards": [COMPONENTS[::-1]],
    "one by one": [(component,) for component in COMPONENTS],
    "one by one, backwards": [(component,) for component in COMPONENTS[::-1]],
}


@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("shape", SHAPES)
def test_lifespan_order(projects: Projects, shape: str, steps: str) -> None:
    """Starts follow `requires`, in whatever order components are added; stops run in the reverse order, the user's own
    start comes before them all and his own stop after them all."""
    project = projects.fresh(shape)
    own_before, own_after = lifespan_calls(project, shape)
    for components in STEPS[steps]:
        add(project, *components)
    before, after = lifespan_calls(project, shape)
    assert before[: len(own_before)] == own_before
    assert after[len(after) - len(own_after) :] == own_after
    starts = before[len(own_before) :]
    stops = after[: len(after) - len(own_after)]
    assert sorted(starts) == ["manager.start_pubsub()", "start_arq()", "start_redis()", "start_storage()"]
    assert starts.index("start_redis()") < starts.index("start_arq()")
    # Tracing has no start of its own: it is set up where the application is built.
    assert [stop for stop in stops if stop != "stop_tracing()"] == [
        start.replace("start_", "stop_") for start in reversed(starts)
    ]
    assert "stop_tracing()" in stops


# Every fixture that this environment can run: the folder to start in, what uvicorn is told, and the settings' prefix.
# Left out: `add-event-handler` needs pydantic 1, `lower` and `upper` are above.
FIXTURES_STARTED = {
    "bootstrapped": (".", ["main:app"], ""),
    "environments": (".", ["weather.main:app"], ""),
    "factory": (".", ["--factory", "bikeshop.app:create_app"], "SHOP_"),
    "imported-lifespan": (".", ["birdwatch.main:app"], ""),
    "monorepo": ("backend", ["app.main:app"], ""),
    "no-lifespan": (".", ["app.main:app"], ""),
    "no-settings": (".", ["shortlinks.main:app"], ""),
    "on-event": (".", ["tidetable.main:app"], ""),
    "poetry": ("src", ["recipebox.main:app"], ""),
    "requirements": (".", ["main:app"], ""),
    "sqlalchemy-alembic": (".", ["catalogue.main:app"], ""),
    "tabs": (".", ["cragbook.main:app"], ""),
}


@pytest.mark.parametrize("fixture", FIXTURES_STARTED)
def test_every_shape_starts(
    projects: Projects, serve: Serve, redis_server: RedisServer, cluster: Cluster, fixture: str
) -> None:
    """Issue 3: "after `add`, without an edit by hand, it works": each shape of project starts, has a connection to Redis,
    answers `/metrics`, and leaves Redis when it stops."""
    folder, target, prefix = FIXTURES_STARTED[fixture]
    project = projects.fresh(fixture)
    if fixture == "monorepo":
        subprocess.run(["git", "init", "-q", project], check=True)
        add(project / folder, "redis", "metrics")
    else:
        add(project, "redis", "metrics")
    driver = "psycopg" if fixture in ("no-lifespan", "sqlalchemy-alembic") else "asyncpg"
    env = {f"{prefix}REDIS_URL": redis_server.url(), f"{prefix}OTEL_EXPORTER_OTLP_ENDPOINT": ""}
    if fixture in ("bootstrapped", "monorepo", "no-lifespan", "sqlalchemy-alembic"):
        env["DATABASE_URL"] = cluster.url(cluster.database(), driver)
    server = serve(project / folder, target[-1], *target[:-1], **env)
    assert len(clients(redis_server)) == 1
    assert httpx.get(f"{server.url}/no/such/route").status_code == 404
    shown = httpx.get(f"{server.url}/metrics").text
    assert 'http_requests_total{method="GET",path="unmatched",status="404"} 1.0' in shown
    log = server.stop()
    assert "Traceback" not in log and "Unclosed" not in log, log
    assert clients(redis_server) == []


def test_start_up_error_shows_no_password(projects: Projects) -> None:
    """Issue 3 (4): "no password [...] where the settings class is ours, in a start-up error"."""
    project = projects.fresh("no-settings")
    add(project, "redis", "arq", "storage")
    (changed,) = [path for path in project.rglob("*.py") if "BaseSettings" in path.read_text()]
    assert "hide_input_in_errors=True" in changed.read_text()
    env = {
        "REDIS_URL": "redis://:s3cr3t-w0rd@localhost/0",
        "STORAGE_S3_SECRET_KEY": "s3cr3t-w0rd",
        "REDIS_MAX_CONNECTIONS": "s3cr3t-w0rd",
    }
    done = subprocess.run(
        [sys.executable, "-c", "import shortlinks.main"], cwd=project, env={**os.environ, **env}, capture_output=True, text=True
    )
    assert done.returncode != 0
    assert "ValidationError" in done.stderr and "redis_max_connections" in done.stderr.lower()
    assert "s3cr3t-w0rd" not in done.stderr + done.stdout
