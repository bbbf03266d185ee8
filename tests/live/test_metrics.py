"""metrics: Prometheus' numbers as a scrape gives them, traces as an OTLP receiver gets them."""

import ast
import asyncio
import http.server
import importlib.metadata
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import yaml
from conftest import TEMPLATES, Uvicorn, free_port, port_answers, run_python, wait_for
from otlp_receiver import CLIENT, SERVER, OtlpReceiver, ReceivedSpan
from prometheus_client.parser import text_string_to_metric_families
from seed_examples.metrics import CUSTOM_SPANS, EXAMPLES, LEFT_OUT, PROMETHEUS

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

# The application: the user's part, then the lines that the tool inserts, in its order.
APP = '''
import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, BackgroundTasks, FastAPI, HTTPException, Request, Response, WebSocket
from fastapi.responses import PlainTextResponse, StreamingResponse
from fastapi.staticfiles import StaticFiles
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.routing import Mount, Route

from services.metrics import MetricsMiddleware, metrics_router
from services.tracing import setup_tracing, stop_tracing  # traced
import spans_routes  # traced


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    spans_routes.start()  # traced
    yield
    await stop_tracing()  # traced
    await spans_routes.stop()  # traced


app = FastAPI(lifespan=lifespan)


async def tag(request, call_next):
    response = await call_next(request)
    response.headers["x-tag"] = "1"
    return response


class Guard:
    """Answers before the router, and hands on a copy of the scope: both are common."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http" and any(name == b"x-deny" for name, _ in scope["headers"]):
            await PlainTextResponse("no", 401)(scope, receive, send)
            return
        if scope["type"] == "http" and any(name == b"x-copy" for name, _ in scope["headers"]):
            scope = dict(scope)
        await self.app(scope, receive, send)


app.add_middleware(Guard)
app.add_middleware(BaseHTTPMiddleware, dispatch=tag)

items = APIRouter(prefix="/items")


@items.get("/{item_id}")
async def read_item(item_id: int) -> int:
    return item_id


@items.post("")
async def create_item() -> str:
    return "made"


@items.api_route("/{item_id}/any", methods=["GET", "HEAD", "OPTIONS"])
async def any_method(item_id: str) -> str:
    return item_id


shop = APIRouter(prefix="/shops/{shop_id}")
shop.include_router(items)
api = APIRouter(prefix="/api")
api.include_router(shop, prefix="/v1")
api.include_router(items)
app.include_router(api)


@app.get("/")
async def root() -> str:
    return "root"


@app.get("/one/{name}")
@app.get("/two/{name}")
async def twice(name: str) -> str:
    return name


@app.get("/files/{p:path}")
async def files(p: str) -> str:
    return p


@app.get("/raise")
async def fail() -> str:
    raise RuntimeError("boom")


@app.get("/raise/http")
async def fail_http() -> str:
    raise HTTPException(409)


@app.get("/drip")
async def drip(seconds: float = 0.3) -> StreamingResponse:
    async def body():
        for _ in range(3):
            yield b"x" * 10
            await asyncio.sleep(seconds / 3)

    return StreamingResponse(body())


@app.get("/late")
async def late(tasks: BackgroundTasks) -> str:
    tasks.add_task(asyncio.sleep, 0.6)
    return "sent"


@app.get("/slow")
async def slow(seconds: float = 30) -> str:
    await asyncio.sleep(seconds)
    return "slow"


@app.get("/pid")
async def pid() -> int:
    return os.getpid()


@app.websocket("/ws/{room}")
async def ws(socket: WebSocket, room: str) -> None:
    await socket.accept()
    await socket.send_text(room)
    await socket.close()


app.include_router(spans_routes.router)  # traced
sub = FastAPI()
sub_router = APIRouter(prefix="/inner")


@sub_router.get("/{key}")
async def inner(key: str) -> str:
    return key


sub.include_router(sub_router)
os.makedirs("public", exist_ok=True)
with open("public/a.txt", "w") as out:
    out.write("a")


async def plain(request: Request) -> Response:
    return PlainTextResponse("plain")


app.mount("/sub/{tenant}", sub)
app.mount("/static", StaticFiles(directory="public"))
app.router.routes.append(Mount("/star", routes=[Route("/let/{x:int}", plain)]))
app.add_middleware(MetricsMiddleware)
app.include_router(metrics_router)
setup_tracing(app)  # traced


async def outermost(request, call_next):
    return await call_next(request)


app.add_middleware(BaseHTTPMiddleware, dispatch=outermost)
'''

SPANS_ROUTES = """
import httpx
from fastapi import APIRouter
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import create_async_engine

from services.tracing import get_tracer

ENGINE = create_engine("sqlite:///live.db")
late = {}
router = APIRouter()


def start():
    late["engine"] = create_async_engine("sqlite+aiosqlite:///live.db")


async def stop():
    await late["engine"].dispose()


@router.get("/sql/sync/{n}")
def sql_sync(n: int) -> int:
    with ENGINE.connect() as connection:
        return connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("SELECT :n"), {"n": n}).scalar_one()


@router.get("/sql/async/{n}")
async def sql_async(n: int) -> int:
    async with late["engine"].connect() as connection:
        return (await connection.execute(text("SELECT :n"), {"n": n})).scalar_one()


@router.get("/sql/broken")
def sql_broken() -> str:
    with ENGINE.connect() as connection:
        connection.execute(text("SELECT nothing FROM nowhere WHERE name = :name"), {"name": "s3cret"})
    return "never"


@router.get("/call")
async def call(url: str) -> int:
    async with httpx.AsyncClient() as client:
        return (await client.get(url)).status_code


@router.get("/own")
async def own() -> str:
    with get_tracer(__name__).start_as_current_span("own-span"):
        return "own"
"""

# What only counts: the same application without what is marked as traced, for a quick start.
COUNTING = "\n".join(line for line in APP.splitlines() if not line.endswith("# traced"))

# (method, path, headers) -> (method label, path label, status)
LABELS: list[tuple[str, str, str, tuple[str, str, str]]] = [
    ("GET", "/", "", ("GET", "/", "200")),
    ("GET", "/api/items/7", "", ("GET", "/api/items/{item_id}", "200")),
    ("GET", "/api/v1/shops/3/items/7", "", ("GET", "/api/v1/shops/{shop_id}/items/{item_id}", "200")),
    ("POST", "/api/v1/shops/3/items", "", ("POST", "/api/v1/shops/{shop_id}/items", "200")),
    ("GET", "/api/v1/shops/3/items/x", "", ("GET", "/api/v1/shops/{shop_id}/items/{item_id}", "422")),
    ("HEAD", "/api/items/7/any", "", ("HEAD", "/api/items/{item_id}/any", "200")),
    ("OPTIONS", "/api/items/7/any", "", ("OPTIONS", "/api/items/{item_id}/any", "200")),
    ("DELETE", "/api/items/7", "", ("DELETE", "/api/items/{item_id}", "405")),
    ("GET", "/one/a", "", ("GET", "/one/{name}", "200")),
    ("GET", "/two/a", "", ("GET", "/two/{name}", "200")),
    ("GET", "/files/a/b/c.txt", "", ("GET", "/files/{p:path}", "200")),
    ("GET", "/raise", "", ("GET", "/raise", "500")),
    ("GET", "/raise/http", "", ("GET", "/raise/http", "409")),
    ("GET", "/sub/t1/inner/k", "", ("GET", "/sub/{tenant}/inner/{key}", "200")),
    ("GET", "/sub/t1/nothing/here", "", ("GET", "unmatched", "404")),
    ("GET", "/static/a.txt", "", ("GET", "/static/{path:path}", "200")),
    ("GET", "/star/let/5", "", ("GET", "/star/let/{x:int}", "200")),
    ("GET", "/openapi.json", "", ("GET", "/openapi.json", "200")),
    ("GET", "/nothing", "", ("GET", "unmatched", "404")),
    ("GET", "/api/nothing/at/all", "", ("GET", "unmatched", "404")),
    ("BREW", "/api/items/7", "", ("OTHER", "/api/items/{item_id}", "405")),
    ("PROPFIND", "/nothing/2", "", ("OTHER", "unmatched", "404")),
    ("GET", "/api/items/8", "x-deny", ("GET", "/api/items/{item_id}", "401")),
    ("GET", "/api/items/9", "x-copy", ("GET", "/api/items/{item_id}", "200")),
]


@pytest.fixture(scope="module")
def project(make_project: Callable[..., Path]) -> Path:
    folder = make_project("metrics")
    (folder / "live_app.py").write_text(APP)
    (folder / "spans_routes.py").write_text(SPANS_ROUTES)
    (folder / "counting_app.py").write_text(COUNTING)
    return folder


@pytest.fixture(scope="module")
def counting(project: Path) -> Iterator[Uvicorn]:
    """A running application without tracing; h11 lets any method through."""
    server = Uvicorn(project, "counting_app:app", "--http", "h11")
    yield server
    server.stop()


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    with OtlpReceiver() as running:
        yield running


def other_versions(folder: Path, *requirements: str) -> str:
    """Installs these versions next to the environment's; the value for PYTHONPATH."""
    if uv := shutil.which("uv"):
        installer = [uv, "pip", "install", "--python", sys.executable]
    else:
        installer = [sys.executable, "-m", "pip", "install"]
    done = subprocess.run(
        [*installer, "--quiet", "--no-deps", "--target", str(folder), *requirements], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return str(folder)


def scrape(url: str) -> dict[tuple[str, ...], float]:
    """`{(sample, label value, ...): value}` of the requests, the labels in the order method, path, status."""
    answer = httpx.get(f"{url}/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain")
    found = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples if family.name.startswith("http_") else ():
            labels = [sample.labels[name] for name in ("method", "path", "status", "le") if name in sample.labels]
            found[(sample.name, *labels)] = sample.value
    return found


def counts(url: str) -> dict[tuple[str, ...], float]:
    return {key[1:]: value for key, value in scrape(url).items() if key[0] == "http_requests_total"}


def wrong_labels(url: str) -> list[tuple[str, str, dict[tuple[str, ...], float]]]:
    """The requests of the label table that change another number than their own."""
    wrong = []
    for method, path, header, expected in LABELS:
        before = counts(url)
        answer = httpx.request(method, url + path, headers={header: "1"} if header else {})
        assert str(answer.status_code) == expected[2], (method, path, answer.text)
        after = counts(url)
        changed = {key: after[key] - before.get(key, 0) for key in after if after[key] != before.get(key, 0)}
        if changed != {expected: 1}:
            wrong.append((method, path, changed))
    return wrong


def quick(endpoint: str = "") -> dict[str, str]:
    """No exporter, or one that sends at once."""
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_BSP_SCHEDULE_DELAY": "50"}


VERSIONS = {
    "0.115": ("fastapi==0.115.0", "starlette==0.38.6"),
    "0.141": ("fastapi==0.141.0",),
    "0.143": ("fastapi==0.143.0",),
    "installed": (),
}
BEFORE_NATIVE = ("0.115", "0.141")
"""FastAPI traces by itself from 0.142 on; OpenTelemetry's package does it below, and knows a mount by its prefix."""


@pytest.mark.parametrize(
    "version", [pytest.param(version, marks=() if version == "installed" else pytest.mark.long) for version in VERSIONS]
)
def test_label_table(
    project: Path, serve: Callable[..., Uvicorn], receiver: OtlpReceiver, tmp_path: Path, version: str
) -> None:
    """Must show: the label table on four FastAPI versions, and `http.route` the same but for the convertors."""
    path = str(project)
    if VERSIONS[version]:
        path = f"{other_versions(tmp_path / 'old', *VERSIONS[version])}{os.pathsep}{path}"
    # h11 lets any method through; httptools, uvicorn's other parser, has a list of its own.
    server = serve(project, "live_app:app", "--http", "h11", PYTHONPATH=path, **quick(receiver.endpoint))
    shown = run_python(project, "import fastapi; print(fastapi.__version__)", PYTHONPATH=path).strip()
    assert shown.startswith(version if version != "installed" else importlib.metadata.version("fastapi"))
    wrong = wrong_labels(server.url)
    assert wrong == []
    assert scrape(server.url)[("http_requests_in_progress",)] == 0
    server.stop()
    spans = [span for span in receiver.spans() if span.kind == SERVER]
    assert len(spans) == len(LABELS), "one server span for each request, none for /metrics"
    for (method, path, header, (_, label, _)), span in zip(LABELS, spans, strict=True):
        route = re.sub(r":\w+}", "}", label)
        mount = re.match("/sub/{tenant}|/static|/star", route)
        if label == "unmatched":
            allowed = {None, "/sub/{tenant}", "/sub/{tenant}/{path}"}
        elif mount and version in BEFORE_NATIVE:
            allowed = {mount[0]}
        elif mount and mount[0] == "/star":
            allowed = {"/star/{path}"}  # FastAPI does not name the routes of plain Starlette
        elif header == "x-deny" and version not in BEFORE_NATIVE:
            allowed = {None}  # answered before the router
        else:
            allowed = {route}
        assert (route if span.route == label else span.route) in allowed, (method, path)
        if span.route:
            assert span.name == f"{method if method in METHODS else 'HTTP'} {span.route}"


def test_cardinality(counting: Uvicorn) -> None:
    """Security: unmatched paths are one label, odd methods another, whatever a client sends."""
    before = counts(counting.url)
    with httpx.Client(base_url=counting.url) as client:
        for n in range(100):
            client.get(f"/made-up/{n}/{os.urandom(4).hex()}")
            client.request(f"ODD{n}", "/")
            client.get(f"/sub/tenant{n}/nope/{n}/{n}")
    after = counts(counting.url)
    new = {key: value - before.get(key, 0) for key, value in after.items() if value != before.get(key)}
    assert new == {("GET", "unmatched", "404"): 200, ("OTHER", "/", "405"): 100}
    assert "made-up" not in httpx.get(f"{counting.url}/metrics").text
    assert "/metrics" not in httpx.get(f"{counting.url}/openapi.json").json()["paths"]


def test_root_path(project: Path, serve: Callable[..., Uvicorn]) -> None:
    """The label does not change behind a proxy's prefix."""
    server = serve(project, "counting_app:app", "--root-path", "/proxy")
    httpx.get(f"{server.url}/api/items/1")
    httpx.get(f"{server.url}/sub/t/inner/k")
    expected = {("GET", "/api/items/{item_id}", "200"): 1, ("GET", "/sub/{tenant}/inner/{key}", "200"): 1}
    assert counts(server.url) == expected


def test_disabled(project: Path) -> None:
    """Must show: disabled means 404 on `/metrics` and no counting."""
    code = """
from fastapi.testclient import TestClient
import counting_app
from services import metrics
client = TestClient(counting_app.app)
print(client.get("/").status_code, client.get("/metrics").status_code, client.get("/metrics").json())
print([sample for metric in metrics.REGISTRY.collect() if "http" in metric.name for sample in metric.samples if sample.value])
"""
    assert run_python(project, code, METRICS_ENABLED="false").splitlines() == ["200 404 {'detail': 'Not Found'}", "[]"]
    assert run_python(project, code.replace(".json()", ".text[:6]")).splitlines()[0] == "200 200 # HELP"


def test_workers_add_up(project: Path, serve: Callable[..., Uvicorn], tmp_path: Path) -> None:
    """Must show: three workers add up; a killed one keeps its counts; the next run starts at zero."""
    folder = tmp_path / "not" / "made" / "yet"
    environment = {"PROMETHEUS_MULTIPROC_DIR": str(folder)}
    server = serve(project, "counting_app:app", "--workers", "3", **environment)
    pids = set()

    def all_workers_answered() -> bool:
        pids.add(httpx.get(f"{server.url}/pid").json())
        return len(pids) == 3

    wait_for(all_workers_answered, "an answer of each worker", 30)
    key = ("http_requests_total", "GET", "/pid", "200")
    sent = scrape(server.url)[key]
    for _ in range(30):
        httpx.get(f"{server.url}/pid")
    found = {tuple(sorted(scrape(server.url).items())) for _ in range(6)}
    assert len(found) == 1, "every worker shows the same numbers"
    numbers = scrape(server.url)
    assert numbers[key] == sent + 30
    assert numbers[("http_request_duration_seconds_count", "GET", "/pid")] == sent + 30
    assert numbers[("http_requests_in_progress",)] == 0

    # A worker is killed while it works on a request: its counts stay, its gauge goes.
    async def kill_the_busy_one() -> None:
        async with httpx.AsyncClient(base_url=server.url, timeout=20) as client:
            busy = asyncio.create_task(client.get("/slow"))
            for _ in range(100):
                await asyncio.sleep(0.1)
                if scrape(server.url)[("http_requests_in_progress",)] == 1:
                    break
            else:
                pytest.fail("the request does not count as being worked on")
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
                # Long enough for another to take its place: the counts go when all are dead.
                await asyncio.wait({busy}, timeout=3)
                if busy.done():
                    break
            assert isinstance((await asyncio.gather(busy, return_exceptions=True))[0], httpx.TransportError)

    asyncio.run(kill_the_busy_one())

    def gauge_is_zero() -> bool:
        try:
            return scrape(server.url)[("http_requests_in_progress",)] == 0
        except httpx.TransportError:
            return False

    wait_for(gauge_is_zero, "the gauge without the dead worker")
    assert scrape(server.url)[key] == sent + 30
    assert list(folder.glob("counter_*.db"))
    server.stop()

    again = serve(project, "counting_app:app", "--workers", "2", **environment)
    httpx.get(f"{again.url}/pid")
    assert counts(again.url) == {("GET", "/pid", "200"): 1}
    # One that is started by itself while the others run takes nothing away from them.
    third = serve(project, "counting_app:app", **environment)
    httpx.get(f"{third.url}/pid")
    assert counts(again.url) == counts(third.url) == {("GET", "/pid", "200"): 2}


def test_process_metrics(project: Path, serve: Callable[..., Uvicorn], tmp_path: Path) -> None:
    """Memory, CPU time and open files of the process, or of each worker by its number."""
    memory = "process_resident_memory_bytes"
    alone = httpx.get(f"{serve(project, 'counting_app:app').url}/metrics").text
    (value,) = re.findall(rf"^{memory} (\S+)$", alone, re.MULTILINE)
    assert float(value) > 1e7
    server = serve(project, "counting_app:app", "--workers", "2", PROMETHEUS_MULTIPROC_DIR=str(tmp_path))

    def both_show() -> bool:
        shown = httpx.get(f"{server.url}/metrics").text
        found = dict(re.findall(rf'^{memory}{{worker="(\d)"}} (\S+)$', shown, re.MULTILINE))
        assert shown.count(f"# TYPE {memory} gauge") == 1
        return sorted(found) == ["0", "1"] and all(float(value) > 1e7 for value in found.values())

    wait_for(both_show, "the memory of both workers")


def test_token(project: Path) -> None:
    """With a token set, a scrape has to bring it; an empty one is none."""
    code = """
from fastapi.testclient import TestClient
from counting_app import app
client = TestClient(app)
for given in ("", "Bearer wrong", "Bearer", "Basic s3cret", "Bearer s3cret", "Bearer \xe9"):
    answer = client.get("/metrics", headers={"authorization": given.encode("latin-1")} if given else {})
    print(answer.status_code, answer.headers.get("www-authenticate"))
"""
    assert set(run_python(project, code).splitlines()) == {"200 None"}
    assert set(run_python(project, code, METRICS_TOKEN="").splitlines()) == {"200 None"}
    refused = "401 Bearer"
    shown = run_python(project, code, METRICS_TOKEN="s3cret").splitlines()
    assert shown == [refused, refused, refused, refused, "200 None", refused]


RELOADS = """
import os
import fastapi, prometheus_client
for reload in range(100):
    if os.fork() == 0:
        from services.metrics import REQUEST_COUNT, REQUEST_LATENCY
        for route in range(40):
            REQUEST_COUNT.labels("GET", f"/route/{route}", "200").inc()
            REQUEST_LATENCY.labels("GET", f"/route/{route}").observe(0.1)
        os.kill(os.getpid(), 9)
    os.wait()
"""


@pytest.mark.long
def test_reloads_do_not_fill_the_folder(project: Path, serve: Callable[..., Uvicorn], tmp_path: Path) -> None:
    """Workers that come and go by the hundred leave the files of one; what they counted stays."""
    folder = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    server = serve(project, "counting_app:app", **folder)
    assert counts(server.url) == {}
    run_python(project, RELOADS, **folder)
    assert sum(path.stat().st_blocks * 512 for path in tmp_path.iterdir()) < 1_000_000
    began = time.monotonic()
    assert counts(server.url)[("GET", "/route/7", "200")] == 100
    assert time.monotonic() - began < 2


def test_preload(project: Path, tmp_path: Path) -> None:
    """gunicorn's `--preload` loads the application before it starts its workers: they add up, its runs do not."""
    port = free_port()
    command = ["gunicorn", "counting_app:app", "--preload", "-w", "3", "-b", f"127.0.0.1:{port}"]
    for _ in range(2):
        server = subprocess.Popen(
            [sys.executable, "-m", *command, "-k", "uvicorn_worker.UvicornWorker"],
            cwd=project, stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(project), "PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "shared")},
        )
        try:
            wait_for(lambda: port_answers(port), "gunicorn's start")
            for _ in range(60):
                assert httpx.get(f"http://127.0.0.1:{port}/pid").status_code == 200
            assert counts(f"http://127.0.0.1:{port}") == {("GET", "/pid", "200"): 60}
        finally:
            server.terminate()
            server.wait(15)


def test_unknown_endpoints_cost_nothing(project: Path) -> None:
    """Endpoints that no route shows (a mounted application behind a middleware) do not read the routes each time."""
    code = """
import time
from fastapi import FastAPI
from services import metrics
app = FastAPI()
for n in range(300):
    app.add_api_route(f"/route/{n}/{{x}}", lambda: None)
calls = []
declared = metrics._declared
metrics._declared = lambda routes, prefix: calls.append(prefix) or declared(routes, prefix)
templates = metrics.RouteTemplates()
strangers = [object(), object()]
for endpoint in strangers:
    templates.find(app, "/nowhere", endpoint)
until = time.monotonic() + 4
seen = set()
while time.monotonic() < until:
    seen |= {templates.find(app, "/nowhere", endpoint) for endpoint in strangers}
    time.sleep(0.02)
print(len(calls), seen, templates.find(app, "/route/7/y", None))
late = lambda: None
app.add_api_route("/late", late)
until = time.monotonic() + 20
while (found := templates.find(app, "/late", late)) is None and time.monotonic() < until:
    time.sleep(0.1)
print(found)
"""
    shown = run_python(project, code).splitlines()
    assert shown[1] == "/late"
    calls, rest = shown[0].split(" ", 1)
    assert rest == "{None} /route/7/{x}" and int(calls) <= 2


def test_raised_and_streamed(counting: Uvicorn) -> None:
    """500s that the application raises are counted; time runs to the last byte, and no further."""
    before = counts(counting.url)
    for _ in range(3):
        assert httpx.get(f"{counting.url}/raise").status_code == 500
    httpx.get(f"{counting.url}/drip")
    httpx.get(f"{counting.url}/late")
    numbers = scrape(counting.url)
    assert numbers[("http_requests_total", "GET", "/raise", "500")] == before.get(("GET", "/raise", "500"), 0) + 3
    assert numbers[("http_request_duration_seconds_sum", "GET", "/drip")] >= 0.3
    assert numbers[("http_request_duration_seconds_sum", "GET", "/late")] < 0.6, "without the task behind it"
    assert numbers[("http_requests_in_progress",)] == 0


def test_gauge(project: Path, counting: Uvicorn) -> None:
    """The gauge goes back to zero: after a client that hangs up, and a request that is cancelled."""

    def in_progress() -> float:
        return scrape(counting.url)[("http_requests_in_progress",)]

    for _ in range(2):
        with socket.create_connection(("127.0.0.1", counting.port)) as client:
            client.sendall(b"GET /drip?seconds=60 HTTP/1.1\r\nHost: here\r\n\r\n")
            assert client.recv(10)
            assert in_progress() == 1
        wait_for(lambda: in_progress() == 0, "the end of a request without a client")
    code = """
import asyncio
from services.metrics import ACTIVE_REQUESTS, REQUEST_COUNT, MetricsMiddleware

async def hang(scope, receive, send):
    await asyncio.sleep(60)

async def main():
    scope = {"type": "http", "method": "GET", "path": "/x"}
    task = asyncio.create_task(MetricsMiddleware(hang)(scope, None, None))
    await asyncio.sleep(0)
    print(ACTIVE_REQUESTS._value.get())
    task.cancel()
    print((await asyncio.gather(task, return_exceptions=True))[0].__class__.__name__)
    print(ACTIVE_REQUESTS._value.get(), [s.labels for s in REQUEST_COUNT.collect()[0].samples][0])

asyncio.run(main())
"""
    shown = run_python(project, code).splitlines()
    assert shown[:2] == ["1.0", "CancelledError"]
    assert shown[2] == "0.0 {'method': 'GET', 'path': 'unmatched', 'status': '499'}"


def children(spans: list[ReceivedSpan], parent: ReceivedSpan) -> list[ReceivedSpan]:
    """The spans below this one, without those that FastAPI puts between them for its own steps."""
    found = []
    for span in spans:
        if span.parent_id == parent.span_id:
            found += children(spans, span) if span.name.startswith("fastapi.") else [span]
    return found


def without_steps(spans: list[ReceivedSpan]) -> list[ReceivedSpan]:
    return [span for span in spans if not span.name.startswith("fastapi.")]


SQLALCHEMY = {"2.0": ("sqlalchemy==2.0.43",), "installed": ()}


@pytest.mark.parametrize("version", SQLALCHEMY)
def test_spans(
    project: Path, serve: Callable[..., Uvicorn], receiver: OtlpReceiver, tmp_path: Path, version: str
) -> None:
    """Must show: an OTLP receiver gets one server span per request with `http.route`, its SQL child
    and the service name; no spans for `/metrics`. Engines made before and after, sync and async,
    SQLAlchemy 2.0 and 2.1."""
    path = str(project)
    if SQLALCHEMY[version]:
        path = f"{other_versions(tmp_path / 'old', *SQLALCHEMY[version])}{os.pathsep}{path}"
    environment = {"OTEL_SERVICE_NAME": "shop", "PYTHONPATH": path, **quick(receiver.endpoint)}
    server = serve(project, "live_app:app", **environment)
    for path in ("/sql/sync/1", "/metrics", "/sql/async/2", "/own", "/sub/t/inner/k", "/sql/broken", "/metrics"):
        httpx.get(server.url + path)
    server.stop()
    spans = receiver.spans()
    assert {span.service for span in spans} == {"shop"}
    requests = {span.route: span for span in spans if span.kind == SERVER}
    routes = ["/sql/sync/{n}", "/sql/async/{n}", "/own", "/sub/{tenant}/inner/{key}", "/sql/broken"]
    assert sorted(str(span.route) for span in spans if span.kind == SERVER) == sorted(routes)
    for route in ("/sql/sync/{n}", "/sql/async/{n}"):
        (statement,) = children(spans, requests[route])
        assert (statement.kind, statement.name) == (CLIENT, "SELECT live.db")
        assert statement.attributes["db.query.text"] == "SELECT ?"
        assert statement.attributes["db.system.name"] == "sqlite"
        assert statement.trace_id == requests[route].trace_id
        assert requests[route].name == f"GET {route}"
    (broken,) = children(spans, requests["/sql/broken"])
    assert broken.error and requests["/sql/broken"].error
    assert broken.attributes["error.type"] == "OperationalError"
    assert "s3cret" not in str(broken)
    assert [span.name for span in children(spans, requests["/own"])] == ["own-span"]


@pytest.mark.parametrize("version", ["0.115", "installed"])
@pytest.mark.parametrize("sampler", ["parentbased_always_on", "always_on"])
def test_no_spans_for_scrapes(
    project: Path, receiver: OtlpReceiver, tmp_path: Path, sampler: str, version: str
) -> None:
    """Must show: no spans for `/metrics`, whatever the sampler; nor behind the application's own prefix."""
    code = """
from fastapi import FastAPI
from fastapi.testclient import TestClient
from services.metrics import metrics_router
from services.tracing import setup_tracing, stop_tracing
app = FastAPI(root_path="/proxy", on_shutdown=[stop_tracing])
app.include_router(metrics_router)
setup_tracing(app)
with TestClient(app) as client:
    print([client.get(path).status_code for path in ("/metrics", "/proxy/metrics", "/openapi.json")])
"""
    path = str(project)
    if VERSIONS[version]:
        path = f"{other_versions(tmp_path / 'old', *VERSIONS[version])}{os.pathsep}{path}"
    shown = run_python(project, code, PYTHONPATH=path, OTEL_TRACES_SAMPLER=sampler, **quick(receiver.endpoint))
    assert shown.strip() == "[200, 200, 200]"
    spans = receiver.spans(1)
    assert [span.name.replace("/proxy", "") for span in without_steps(spans)] == ["GET /openapi.json"]
    assert len({span.trace_id for span in spans}) == 1


def test_long_statements(project: Path, receiver: OtlpReceiver) -> None:
    """Bulk inserts of megabytes of SQL text fit into what a collector takes at once (4 MB over gRPC)."""
    code = """
import asyncio
from fastapi import FastAPI
from sqlalchemy import Column, Integer, MetaData, String, Table, create_engine
from services.tracing import setup_tracing, stop_tracing
setup_tracing(FastAPI())
table = Table("many", MetaData(), *(Column(name, String) for name in "abcdefgh"))
engine = create_engine("sqlite://")
with engine.begin() as connection:
    table.create(connection)
    for _ in range(12):
        connection.execute(table.insert().values([dict.fromkeys("abcdefgh", "x" * 8)] * 4000))
asyncio.run(stop_tracing())
"""
    run_python(project, code, **{**quick(receiver.endpoint), "OTEL_BSP_SCHEDULE_DELAY": "60000"})
    inserts = [span for span in receiver.spans(12) if span.name.startswith("INSERT")]
    assert len(inserts) == 12
    assert {len(str(span.attributes["db.query.text"])) for span in inserts} == {2000}


def test_their_own_sqlalchemy_spans(project: Path) -> None:
    """A project that has set up OpenTelemetry's package for SQLAlchemy keeps its spans, and gets no second ones."""
    code = """
from opentelemetry import trace
from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
own, memory = TracerProvider(), InMemorySpanExporter()
own.add_span_processor(SimpleSpanProcessor(memory))
trace.set_tracer_provider(own)
SQLAlchemyInstrumentor().instrument(skip_dep_check=True)
import sqlalchemy
from fastapi import FastAPI
from services.tracing import setup_tracing
setup_tracing(FastAPI())
with sqlalchemy.create_engine("sqlite://").connect() as connection:
    connection.execute(sqlalchemy.text("SELECT 1"))
print([span.name for span in memory.get_finished_spans() if span.name.startswith("SELECT")])
"""
    assert len(ast.literal_eval(run_python(project, code))) == 1


def test_over_http(project: Path) -> None:
    """`OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf` sends over HTTP, where the exporter is installed."""
    paths: list[str] = []

    class Collector(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            paths.append(self.path)
            self.send_response(200)
            self.end_headers()

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector) as collector:
        threading.Thread(target=collector.serve_forever, daemon=True).start()
        code = """
import asyncio
from fastapi import FastAPI
from services.tracing import get_tracer, setup_tracing, stop_tracing
setup_tracing(FastAPI())
with get_tracer(__name__).start_as_current_span("one"):
    pass
asyncio.run(stop_tracing())
"""
        environment = {**quick(f"http://127.0.0.1:{collector.server_port}"), "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}
        run_python(project, code, **environment)
        collector.shutdown()
    assert paths == ["/v1/traces"]


def test_trace_across_services(project: Path, serve: Callable[..., Uvicorn], receiver: OtlpReceiver) -> None:
    """Must show: a W3C parent is honoured across two services."""
    front = serve(project, "live_app:app", OTEL_SERVICE_NAME="front", **quick(receiver.endpoint))
    back = serve(project, "live_app:app", OTEL_SERVICE_NAME="back", **quick(receiver.endpoint))
    trace_id, parent_id = os.urandom(16).hex(), os.urandom(8).hex()
    headers = {"traceparent": f"00-{trace_id}-{parent_id}-01"}
    answer = httpx.get(f"{front.url}/call", params={"url": f"{back.url}/api/items/1"}, headers=headers)
    assert answer.json() == 200
    front.stop()
    back.stop()
    spans = receiver.spans()
    assert {span.trace_id for span in spans} == {trace_id}
    (first,) = [span for span in spans if span.parent_id == parent_id]
    assert (first.service, first.route, first.kind) == ("front", "/call", SERVER)
    (call,) = children(spans, first)
    assert (call.service, call.kind) == ("front", CLIENT)
    (second,) = children(spans, call)
    assert (second.service, second.route, second.kind) == ("back", "/api/items/{item_id}", SERVER)
    assert len(without_steps(spans)) == 3


@pytest.mark.parametrize("collector", ["refuses", "silent"])
def test_collector_down(project: Path, serve: Callable[..., Uvicorn], collector: str) -> None:
    """Must show: collector down: requests cost nothing, the stop is fast, the log stays short."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        if collector == "silent":
            listening.listen()
        server = serve(project, "live_app:app", **quick(f"http://127.0.0.1:{port}"))
        with httpx.Client(base_url=server.url) as client:
            client.get("/api/items/0")
            times, end = [], time.monotonic() + 4
            while time.monotonic() < end:
                began = time.monotonic()
                assert client.get("/api/items/1").status_code == 200
                times.append(time.monotonic() - began)
        began = time.monotonic()
        log = server.stop()
        took = time.monotonic() - began
    assert statistics.median(times) < 0.1
    assert took < 3, "half a second for the spans, the rest is uvicorn's"
    about_export = [line for line in log.splitlines() if "export" in line.lower() or "queue" in line.lower()]
    assert len(about_export) <= 3, about_export
    assert "Traceback" not in log


def test_stop_sends_the_last_spans(project: Path, receiver: OtlpReceiver) -> None:
    """Stopping what never started is harmless; start after stop works again, in another loop too."""
    code = """
import asyncio
import logging
logging.basicConfig(level=logging.INFO)
from fastapi import FastAPI
from fastapi.testclient import TestClient
import live_app
from services.tracing import get_tracer, setup_tracing, stop_tracing
asyncio.run(stop_tracing())
asyncio.run(stop_tracing())
setup_tracing(live_app.app)
for _ in range(2):
    with TestClient(live_app.app) as client:
        assert client.get("/own").status_code == 200
second = FastAPI()
setup_tracing(second)
setup_tracing(second)
@second.get("/second")
async def answer() -> int:
    return 2
with TestClient(second) as client:
    client.get("/second")
asyncio.run(stop_tracing())
with TestClient(second) as client:
    client.get("/second")
asyncio.run(stop_tracing())
"""
    run_python(project, code, **{**quick(receiver.endpoint), "OTEL_BSP_SCHEDULE_DELAY": "60000"})
    routes = [span.route for span in receiver.spans() if span.kind == SERVER]
    assert routes == ["/own", "/own", "/second", "/second"]


def test_exit_without_stop(project: Path) -> None:
    """A program that ends without `stop_tracing()` waits for the collector, but not for ever; without a traceback."""
    code = """
import time
from fastapi import FastAPI
from services.tracing import get_tracer, setup_tracing
setup_tracing(FastAPI())
with get_tracer(__name__).start_as_current_span("last"):
    pass
print(time.time())
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=project,
        env={**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert time.time() - float(done.stdout) < 12
    assert "Traceback" not in done.stderr, done.stderr


def test_own_tracer_provider(project: Path) -> None:
    """A project that has set its own TracerProvider already keeps it, and its exporters alone."""
    code = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
own, memory = TracerProvider(), InMemorySpanExporter()
own.add_span_processor(SimpleSpanProcessor(memory))
trace.set_tracer_provider(own)
import live_app
from fastapi.testclient import TestClient
with TestClient(live_app.app) as client:
    client.get("/sql/sync/1")
    client.get("/late")
assert trace.get_tracer_provider() is own
print([span.name for span in memory.get_finished_spans()])
import threading
print([t.name for t in threading.enumerate() if "Otel" in t.name])
"""
    shown = run_python(project, code).splitlines()
    assert "'SELECT live.db'" in shown[0] and "'GET /sql/sync/{n}'" in shown[0] and shown[1] == "[]"


@pytest.mark.parametrize(
    "off", ["OTEL_SDK_DISABLED=true", "OTEL_EXPORTER_OTLP_ENDPOINT=", "OTEL_TRACES_EXPORTER=none"]
)
def test_tracing_off(project: Path, receiver: OtlpReceiver, off: str) -> None:
    """An empty endpoint means "not set": nothing is sent, nothing runs; the SDK's own switch holds."""
    code = """
import threading
from fastapi.testclient import TestClient
from counting_app import app
from services.tracing import get_tracer, setup_tracing
setup_tracing(app)
with TestClient(app) as client, get_tracer(__name__).start_as_current_span("own"):
    print(client.get("/").status_code)
print([t.name for t in threading.enumerate() if "Otel" in t.name])
"""
    name, value = off.split("=")
    shown = run_python(project, code, **{**quick(receiver.endpoint), name: value})
    assert shown.splitlines() == ["200", "[]"]
    assert receiver.spans() == []


@pytest.mark.parametrize(
    "wrong",
    [
        "OTEL_EXPORTER_OTLP_COMPRESSION=zip", "OTEL_EXPORTER_OTLP_TIMEOUT=x", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE=9999",
        "OTEL_EXPORTER_OTLP_PROTOCOL=smoke", "OTEL_TRACES_EXPORTER=pigeon",
    ],
)
def test_wrong_variable_of_opentelemetry(project: Path, receiver: OtlpReceiver, wrong: str) -> None:
    """What OpenTelemetry refuses is logged, once: no request and no SQL statement fails because of it."""
    code = """
import logging, sys
logging.basicConfig(stream=sys.stdout)
from fastapi.testclient import TestClient
import live_app
with TestClient(live_app.app) as client:
    print([client.get("/sql/sync/1").status_code for _ in range(3)])
"""
    name, value = wrong.split("=")
    shown = run_python(project, code, **{**quick(receiver.endpoint), name: value})
    assert "[200, 200, 200]" in shown
    assert shown.count("Traces are not sent") == shown.count("Traceback") == 1
    assert receiver.spans() == []


def test_password_in_the_endpoint(project: Path) -> None:
    """Security: no URL with its password in an error or a log line; the error names the variable."""
    code = """
import traceback
from fastapi import FastAPI
from services.tracing import setup_tracing
try:
    setup_tracing(FastAPI())
except ValueError:
    print(traceback.format_exc())
"""
    shown = run_python(project, code, OTEL_EXPORTER_OTLP_ENDPOINT="https://user:hunter2@collector:4317")
    assert "OTEL_EXPORTER_OTLP_ENDPOINT" in shown and "ValueError" in shown
    assert "hunter2" not in shown and "user:" not in shown


def test_other_packages(project: Path) -> None:
    """A second instrumentation does not clash at import; SQLAlchemy and httpx need not be there."""
    code = """
import sys
sys.modules["sqlalchemy"] = sys.modules["httpx"] = None
from prometheus_client import REGISTRY, Counter
Counter("http_requests_total", "another's", ["method", "path", "status"])
Counter("http_request_duration_seconds", "another's")
from fastapi import FastAPI
from services.metrics import MetricsMiddleware, metrics_router
from services.tracing import setup_tracing
app = FastAPI()
app.add_middleware(MetricsMiddleware)
app.include_router(metrics_router)
setup_tracing(app)
print("fine")
"""
    assert run_python(project, code, **quick()).strip() == "fine"


def test_websocket_and_lifespan_pass_through(project: Path, serve: Callable[..., Uvicorn]) -> None:
    """WebSocket and lifespan scopes pass through, and are not counted."""
    import websockets.sync.client

    server = serve(project, "counting_app:app")
    with websockets.sync.client.connect(f"ws://127.0.0.1:{server.port}/ws/blue") as client:
        assert client.recv() == "blue"
    assert counts(server.url) == {}
    assert "Application shutdown complete" in server.stop()


def test_jaeger_is_local() -> None:
    """Security: Jaeger is published on 127.0.0.1 only, with a pinned tag."""
    service = yaml.safe_load((TEMPLATES / "metrics" / "compose.yml").read_text())["jaeger"]
    assert service["image"] == "jaegertracing/jaeger:2.21.0"
    assert [port.split(":")[0] for port in service["ports"]] == ["127.0.0.1"] * 2


@pytest.mark.long
def test_cost(project: Path) -> None:
    """Speed: the metrics middleware costs less than 15 us a request in process."""
    code = """
import asyncio, time
from fastapi import APIRouter, FastAPI
from services.metrics import MetricsMiddleware
router = APIRouter(prefix="/items")
@router.get("/{item_id}")
async def read(item_id: int) -> int:
    return item_id
app = FastAPI()
for n in range(100):
    app.add_api_route(f"/other{n}/{{x}}", read)
app.include_router(router, prefix="/api")
start = {"type": "http.response.start", "status": 200, "headers": []}
body = {"type": "http.response.body", "body": b"1"}
async def routed(scope, receive, send):
    scope["endpoint"] = read
    await send(start)
    await send(body)
async def single(scope, receive, send):
    scope["endpoint"] = one
    await send(start)
    await send(body)
one = lambda: None
app.add_api_route("/one/{x}", one)
async def send(message):
    pass
async def seconds(handler, n=3000):
    began = time.process_time()
    for _ in range(n):
        await handler({"type": "http", "method": "GET", "path": "/one/5", "app": app}, None, send)
    return (time.process_time() - began) / n
async def main():
    wrapped = MetricsMiddleware(single)
    await seconds(wrapped, 100)
    print(min([await seconds(wrapped) for _ in range(9)]) - min([await seconds(single) for _ in range(9)]))
asyncio.run(main())
"""
    cost = float(run_python(project, code, **quick())) * 1e6
    print(f"metrics middleware: {cost:.1f} us a request")
    assert cost < 15


def test_seed_examples(project: Path, receiver: OtlpReceiver) -> None:
    """The usage blocks of the seeds run as printed."""
    assert (len(EXAMPLES), len(LEFT_OUT)) == (2, 1)
    done = []
    code = f"""
from fastapi.testclient import TestClient
import counting_app
{PROMETHEUS}
with TestClient(counting_app.app) as client:
    client.get("/")
    print(client.get("/metrics").text)
print(REQUEST_COUNT.labels("GET", "/", "200")._value.get(), ACTIVE_REQUESTS._value.get(), REQUEST_LATENCY)
"""
    shown = run_python(project, code, **quick())
    assert 'http_requests_total{method="GET",path="/",status="200"} 1.0' in shown
    assert 'http_request_duration_seconds_count{method="GET",path="/"} 1.0' in shown
    assert "http_requests_in_progress 0.0" in shown
    done.append(PROMETHEUS)
    code = f"""
import asyncio
from fastapi import FastAPI
from services.tracing import setup_tracing, stop_tracing
setup_tracing(FastAPI())
{CUSTOM_SPANS}
async def main():
    await process_order(42)
    await stop_tracing()
asyncio.run(main())
"""
    run_python(project, code, **quick(receiver.endpoint))
    (span,) = receiver.spans(1)
    assert (span.name, span.attributes) == ("process_order", {"order.id": 42})
    done.append(CUSTOM_SPANS)
    assert done == list(EXAMPLES.values())
