"""The `ratelimit` component: in memory, and on a real redis-server."""

import asyncio
import os
import re
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets.sync.client
from conftest import RedisServer, Uvicorn
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from redis_support import clients, imported, protected_server
from starlette.requests import HTTPConnection

PASSWORD = "s3cr3t-w0rd"

APP = '''
"""A user's routes, in the application that the tool wired."""

import asyncio

from fastapi import APIRouter, Depends, Request, Response, WebSocket
from shortlinks.main import app
from shortlinks.services.ratelimit import RateLimit

router = APIRouter(prefix="/live")
uploads = RateLimit("3/minute", name="uploads")


@router.post("/login", dependencies=[Depends(RateLimit("5/minute"))])
async def login() -> str:
    return "in"


@router.get("/raw", dependencies=[Depends(RateLimit("5/minute"))])
async def raw() -> Response:
    return Response("raw")


@router.get("/upload/{user}")
async def upload(user: str, request: Request) -> str:
    await uploads.hit(request, f"user:{user}")
    return user


@router.get("/free")
async def free() -> str:
    return "free"


@router.websocket("/ws")
async def ws(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text("hello")
    await websocket.close()


app.include_router(router)
'''


@pytest.fixture(scope="module")
def project(make_project: Callable[..., Path]) -> Path:
    path = make_project("ratelimit", shape="no-settings")
    (path / "live_app.py").write_text(APP)
    return path


@pytest.fixture
def memory(project: Path) -> Iterator[Any]:
    with imported(project, "shortlinks.services.ratelimit", RATELIMIT_REDIS_URL="") as module:
        yield module


@pytest.fixture
def shared(project: Path, redis_server: RedisServer) -> Iterator[Any]:
    with imported(project, "shortlinks.services.ratelimit", RATELIMIT_REDIS_URL=redis_server.url(3)) as module:
        yield module


def connection(peer: str | None = "192.0.2.1", *forwarded: str) -> HTTPConnection:
    headers = [(b"x-forwarded-for", value.encode("latin-1")) for value in forwarded]
    client = None if peer is None else (peer, 5000)
    return HTTPConnection({"type": "http", "headers": headers, "client": client})


async def outcomes(limit: Any, who: str, times: int) -> list[int]:
    """The status of each of so many requests."""
    found = []
    for _ in range(times):
        try:
            await limit.hit(connection(), who)
            found.append(200)
        except HTTPException as refused:
            found.append(refused.status_code)
    return found


@pytest.mark.parametrize("window", ["moving", "sliding", "fixed"])
@pytest.mark.parametrize("store", ["memory", "shared"])
async def test_a_limit(request: pytest.FixtureRequest, store: str, window: str) -> None:
    """So many and no more, each of `who` for himself; when time has passed there are more."""
    module = request.getfixturevalue(store)
    limit = module.RateLimit("3 per 2 seconds", window=window)
    if window == "fixed":
        await asyncio.sleep(2 - time.time() % 2 + 0.05)  # its windows begin with the clock, or with the first request
    assert await outcomes(limit, "ann", 5) == [200, 200, 200, 429, 429]
    assert await outcomes(limit, "bob", 2) == [200, 200]
    await asyncio.sleep(4.1 if window == "sliding" else 2.1)
    assert await outcomes(limit, "ann", 4) == [200, 200, 200, 429]
    await module.stop_ratelimit()


async def test_the_window_slides(shared: Any) -> None:
    """At the turn of a minute there are no twice as many: each request counts for the length of the window."""
    limit = shared.RateLimit("4 per 2 seconds")
    assert await outcomes(limit, "ann", 2) == [200, 200]
    await asyncio.sleep(1.2)
    assert await outcomes(limit, "ann", 3) == [200, 200, 429]
    await asyncio.sleep(1)
    assert await outcomes(limit, "ann", 3) == [200, 200, 429]
    await shared.stop_ratelimit()


def test_routes(project: Path, redis_server: RedisServer, serve: Callable[..., Uvicorn]) -> None:
    """429 with `Retry-After`, both headers on every answer, each route for itself, one name for all that have it."""
    server = serve(project, "live_app:app", RATELIMIT_REDIS_URL=redis_server.url(3))
    answers = [httpx.post(f"{server.url}/live/login") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert answers[0].headers["RateLimit-Policy"] == '"5/minute";q=5;w=60'
    assert re.fullmatch(r'"5/minute";r=4;t=(60|59)', answers[0].headers["RateLimit"])
    assert re.fullmatch(r'"5/minute";r=0;t=\d+', answers[5].headers["RateLimit"])
    assert 50 <= int(answers[5].headers["Retry-After"]) <= 60
    assert answers[5].json() == {"detail": "Too many requests"}
    # A response of the route's own has the headers, too; the other route has not been used yet.
    raw = httpx.get(f"{server.url}/live/raw")
    assert raw.status_code == 200 and raw.headers["RateLimit"].startswith('"5/minute";r=4')
    assert [httpx.get(f"{server.url}/live/upload/ann").status_code for _ in range(4)] == [200, 200, 200, 429]
    assert httpx.get(f"{server.url}/live/upload/bob").headers["RateLimit"].startswith('"uploads";r=2')
    assert "RateLimit" not in httpx.get(f"{server.url}/live/free").headers
    stored = redis_server.cli("-n", "3", "--scan")
    assert "uploads" in stored and "ann" not in stored and "127.0.0.1" not in stored
    log = server.stop()
    assert "Traceback" not in log
    assert clients(redis_server) == []


def test_the_default(project: Path, serve: Callable[..., Uvicorn]) -> None:
    """All requests of an address, those that no route answers and WebSockets among them."""
    server = serve(project, "live_app:app", RATELIMIT_DEFAULT="4/minute")
    answers = [httpx.get(f"{server.url}{path}") for path in ("/live/free", "/no/such/route", "/live/raw")]
    assert [answer.status_code for answer in answers] == [200, 404, 200]
    assert answers[2].headers["RateLimit-Policy"] == '"default";q=4;w=60, "5/minute";q=5;w=60'
    with websockets.sync.client.connect(f"ws://127.0.0.1:{server.port}/live/ws") as client:
        assert client.recv(5) == "hello"
    refused = httpx.get(f"{server.url}/live/free")
    assert refused.status_code == 429 and int(refused.headers["Retry-After"]) > 50
    assert refused.headers["RateLimit"].startswith('"default";r=0;t=')
    with pytest.raises(websockets.exceptions.InvalidStatus):
        websockets.sync.client.connect(f"ws://127.0.0.1:{server.port}/live/ws")
    assert "Traceback" not in server.stop()


CHAINS = [
    # (peer, X-Forwarded-For, trusted, whose it is)
    ("192.0.2.1", [], "", "192.0.2.1"),
    ("192.0.2.1", ["198.51.100.7"], "", "192.0.2.1"),
    ("10.0.0.1", ["198.51.100.7"], "10.0.0.0/8", "198.51.100.7"),
    ("10.0.0.1", ["203.0.113.9, 198.51.100.7"], "10.0.0.0/8", "198.51.100.7"),
    ("10.0.0.1", ["203.0.113.9, 198.51.100.7, 10.0.0.2"], "10.0.0.0/8", "198.51.100.7"),
    ("10.0.0.1", ["203.0.113.9", "198.51.100.7", "10.0.0.2"], "10.0.0.0/8", "198.51.100.7"),
    ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.0/8", "10.0.0.3"),
    ("10.0.0.1", ["203.0.113.9, nonsense"], "10.0.0.0/8", "10.0.0.1"),
    ("10.0.0.1", ["203.0.113.9, nonsense, 10.0.0.2"], "10.0.0.0/8", "10.0.0.2"),
    ("10.0.0.1", [""], "10.0.0.0/8", "10.0.0.1"),
    ("10.0.0.1", ["198.51.100.7:4711"], "10.0.0.1", "198.51.100.7"),
    ("10.0.0.1", ["[2001:db8::7]:4711"], "10.0.0.1", "2001:db8::/64"),
    ("::ffff:10.0.0.1", ["::ffff:198.51.100.7"], "10.0.0.1", "198.51.100.7"),
    ("2001:db8:0:1:a::1", [], "", "2001:db8:0:1::/64"),
    ("2001:db8:0:1:b::9", ["1.2.3.4"], "", "2001:db8:0:1::/64"),
    ("fd00::1", ["198.51.100.7"], "10.0.0.1 fd00::/8", "198.51.100.7"),
    (None, ["198.51.100.7"], "", "unix"),
    (None, ["198.51.100.7"], "unix", "198.51.100.7"),
    ("testclient", ["198.51.100.7"], "unix,10.0.0.1", "testclient"),
    ("10.0.0.1", ["\xff\xfe, " + "1" * 5000], "10.0.0.0/8", "10.0.0.1"),
]


@pytest.mark.parametrize(("peer", "forwarded", "trusted", "whose"), CHAINS)
def test_the_address_of_a_client(project: Path, peer: str | None, forwarded: list[str], trusted: str, whose: str) -> None:
    """`X-Forwarded-For` counts from the right, and only what trusted proxies wrote."""
    with imported(project, "shortlinks.services.ratelimit", TRUSTED_PROXIES=trusted) as module:
        assert module.client_address(connection(peer, *forwarded)) == whose


@pytest.mark.parametrize("trusted", ["", "127.0.0.1"])
def test_x_forwarded_for_evades_nothing(project: Path, serve: Callable[..., Uvicorn], trusted: str) -> None:
    """A client that writes another address each time gets no more than one that does not. Behind a proxy, which writes the
    address it sees at the right, each client is limited for itself."""
    server = serve(project, "live_app:app", "--no-proxy-headers", TRUSTED_PROXIES=trusted)

    def login(forwarded: str) -> int:
        return httpx.post(f"{server.url}/live/login", headers={"X-Forwarded-For": forwarded}).status_code

    real = ", 198.51.100.7" if trusted else ""
    assert [login(f"203.0.113.{n}{real}") for n in range(7)] == [200] * 5 + [429] * 2
    assert login("203.0.113.1, 198.51.100.8") == (200 if trusted else 429)


COUNT = """
import asyncio, sys
from fastapi import HTTPException
from shortlinks.services.ratelimit import RateLimit, stop_ratelimit
from starlette.requests import HTTPConnection

async def main():
    limit = RateLimit("100/minute", name="shared")
    passed = 0
    async def hit():
        nonlocal passed
        try:
            await limit.hit(HTTPConnection({"type": "http", "headers": []}), "one")
            passed += 1
        except HTTPException:
            pass
    await asyncio.gather(*(hit() for _ in range(40)))
    await stop_ratelimit()
    print(passed)

asyncio.run(main())
"""


def test_eight_processes_are_exact(project: Path, redis_server: RedisServer) -> None:
    """320 requests of eight processes at once, for a limit of 100: 100 pass."""
    env = {**os.environ, "RATELIMIT_REDIS_URL": redis_server.url(3), "PYTHONPATH": str(project)}
    running = [
        subprocess.Popen([sys.executable, "-c", COUNT], cwd=project, env=env, stdout=subprocess.PIPE, text=True)
        for _ in range(8)
    ]
    passed = [int(process.communicate(timeout=100)[0]) for process in running]
    print(f"\npassed by process: {passed}")
    assert sum(passed) == 100
    assert clients(redis_server) == []


@pytest.mark.parametrize("store", ["memory", "shared"])
async def test_two_hundred_at_once(request: pytest.FixtureRequest, store: str) -> None:
    """Exact, and a request that is cancelled leaves the others alone."""
    module = request.getfixturevalue(store)
    limit = module.RateLimit("50/minute", name="many")
    tasks = [asyncio.ensure_future(outcomes(limit, "ann", 1)) for _ in range(200)]
    await asyncio.sleep(0)
    for task in tasks[:150:10]:
        task.cancel()
    done = await asyncio.gather(*tasks, return_exceptions=True)
    passed = done.count([200])
    cancelled = sum(isinstance(result, asyncio.CancelledError) for result in done)
    assert 50 - cancelled <= passed <= 50 and cancelled <= 15
    assert done.count([429]) + passed + cancelled == 200
    await outcomes(limit, "ann", cancelled)
    assert await outcomes(limit, "ann", 1) == [429]
    await module.stop_ratelimit()


def test_two_event_loops(shared: Any, redis_server: RedisServer) -> None:
    """Each loop has its connections; one that was never stopped disturbs no other."""
    limit = shared.RateLimit("4/minute", name="loops")
    assert asyncio.run(outcomes(limit, "ann", 1)) == [200]

    async def both() -> None:
        assert await outcomes(limit, "ann", 1) == [200]
        assert await asyncio.to_thread(asyncio.run, outcomes(limit, "ann", 1)) == [200]
        assert await outcomes(limit, "ann", 2) == [200, 429]
        await shared.stop_ratelimit()
        await shared.stop_ratelimit()

    asyncio.run(both())


@pytest.mark.parametrize(("setting", "status"), [("true", 200), ("false", 503)])
async def test_redis_goes_and_comes_back(
    project: Path, redis_server: RedisServer, setting: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    """At the start, and later: requests pass or get 503 with `Retry-After`, and none waits while Redis is left alone."""
    env = {"RATELIMIT_REDIS_URL": redis_server.url(3), "RATELIMIT_FAIL_OPEN": setting}
    redis_server.stop()
    with imported(project, "shortlinks.services.ratelimit", **env) as module:
        module.REDIS_PAUSE = 0.5
        limit = module.RateLimit("2/minute")
        await module.start_ratelimit()
        assert "RATELIMIT_REDIS_URL: no answer" in caplog.text
        began = time.monotonic()
        assert await outcomes(limit, "ann", 100) == [status] * 100
        assert time.monotonic() - began < 0.3
        with pytest.raises(ConnectionError):
            await module.check_ratelimit()
        redis_server.start()
        await asyncio.sleep(0.6)
        assert await outcomes(limit, "ann", 3) == [200, 200, 429]
        await module.check_ratelimit()
        # Away again, and back with an empty memory, its scripts gone.
        redis_server.stop()
        assert await outcomes(limit, "ann", 3) == [status] * 3
        redis_server.start()
        await asyncio.sleep(0.6)
        assert await outcomes(limit, "ann", 3) == [200, 200, 429]
        await module.stop_ratelimit()
    assert clients(redis_server) == []


async def test_a_redis_that_hangs(shared: Any, redis_server: RedisServer) -> None:
    """Requests wait for their time limit once, all at the same time, and then no more."""
    limit = shared.RateLimit("2/minute")
    await shared.start_ratelimit()
    assert redis_server.process
    os.kill(redis_server.process.pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        first = await asyncio.gather(*(outcomes(limit, "ann", 1) for _ in range(200)))
        assert first == [[200]] * 200 and time.monotonic() - began < 3.5
        began = time.monotonic()
        assert await outcomes(limit, "ann", 100) == [200] * 100
        assert time.monotonic() - began < 0.3
    finally:
        os.kill(redis_server.process.pid, signal.SIGCONT)
    await shared.stop_ratelimit()


@pytest.mark.parametrize(
    ("env", "named"),
    [
        ({"RATELIMIT_DEFAULT": "many"}, "RATELIMIT_DEFAULT: 'many' is no limit"),
        ({"TRUSTED_PROXIES": "10.0.0.0/8, proxy"}, "TRUSTED_PROXIES: 'proxy'"),
        ({"RATELIMIT_REDIS_URL": f"http://:{PASSWORD}@localhost/3"}, "RATELIMIT_REDIS_URL is not a valid"),
        ({"RATELIMIT_REDIS_URL": f"redis://:p@{PASSWORD}/x@localhost/3"}, "RATELIMIT_REDIS_URL is not a valid"),
    ],
)
async def test_bad_settings(project: Path, env: dict[str, str], named: str) -> None:
    """A wrong setting stops the start, names the variable, and shows no password."""
    with imported(project, "shortlinks.services.ratelimit", **env) as module:
        with pytest.raises(ValueError, match=re.escape(named)) as caught:
            await module.start_ratelimit()
        assert caught.value.__suppress_context__ and PASSWORD not in str(caught.value)


@pytest.mark.parametrize("limit", ["", "5", "5/fortnight", "minute", "5/minute; 3/hour"])
def test_a_limit_that_is_none(memory: Any, limit: str) -> None:
    """It is said where it is written, when the module is imported, and not by a request."""
    with pytest.raises(ValueError):
        memory.RateLimit(limit)
    with pytest.raises(ValueError):
        memory.RateLimit("5/minute", name="a\r\nSet-Cookie: b")


async def test_a_refused_password_is_not_shown(project: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    server = protected_server(tmp_path, "another")
    env = {"RATELIMIT_REDIS_URL": f"redis://:{PASSWORD}@127.0.0.1:{server.port}/3"}
    try:
        with imported(project, "shortlinks.services.ratelimit", **env) as module:
            await module.start_ratelimit()
            assert await outcomes(module.RateLimit("1/minute"), "ann", 2) == [200, 200]
            await module.stop_ratelimit()
    finally:
        server.stop()
    assert "RATELIMIT_REDIS_URL: no answer" in caplog.text and PASSWORD not in caplog.text


async def test_by(memory: Any) -> None:
    """Whose a request is can be said by a function, one to be awaited or not; a router can have a limit, too."""

    def by_key(connection: HTTPConnection) -> str:
        return connection.headers["x-api-key"]

    async def by_late_key(connection: HTTPConnection) -> str:
        return connection.headers["x-api-key"]

    app = FastAPI(dependencies=[Depends(memory.RateLimit("4/minute", name="all"))])
    app.add_middleware(memory.RateLimitMiddleware)

    @app.get("/one", dependencies=[Depends(memory.RateLimit("1/minute", by=by_key))])
    @app.get("/two", dependencies=[Depends(memory.RateLimit("1/minute", by=by_late_key))])
    async def route() -> str:
        return ""

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        async def get(path: str, key: str) -> int:
            return (await client.get(path, headers={"x-api-key": key})).status_code

        assert [await get("/one", key) for key in ("a", "a", "b")] == [200, 429, 200]
        assert [await get("/two", "c"), await get("/two", "d")] == [200, 429]


@pytest.mark.parametrize("order", [("metrics", "ratelimit"), ("ratelimit", "metrics")])
def test_with_metrics(projects: Any, serve: Callable[..., Uvicorn], order: tuple[str, str]) -> None:
    """What is limited is counted in the metrics, in whichever order the two were added; each works without the other."""
    from conftest import add

    project = projects.fresh("no-settings")
    for component in order:
        add(project, component)
    (project / "live_app.py").write_text(APP)
    server = serve(project, "live_app:app", RATELIMIT_DEFAULT="7/minute", OTEL_EXPORTER_OTLP_ENDPOINT="")
    assert [httpx.post(f"{server.url}/live/login").status_code for _ in range(6)] == [200] * 5 + [429]
    shown = httpx.get(f"{server.url}/metrics").text
    assert httpx.get(f"{server.url}/live/free").status_code == 429
    server.stop()
    assert 'ratelimit_requests_total{limit="5/minute",outcome="within"} 5.0' in shown
    assert 'ratelimit_requests_total{limit="5/minute",outcome="refused"} 1.0' in shown
    assert 'ratelimit_requests_total{limit="default",outcome="within"} 7.0' in shown
    assert 'http_requests_total{method="POST",path="/live/login",status="429"} 1.0' in shown


async def test_the_next_steps_run(project: Path, next_steps: Callable[..., str], memory: Any) -> None:
    """The usage lines, as they are printed."""
    printed = next_steps("ratelimit", shape="no-settings")
    code = [line[5:] for line in printed.splitlines() if line.startswith("     ")]
    start, end = code.index("from fastapi import Depends"), code.index("async def login() -> None: ...")
    names: dict[str, Any] = {"app": FastAPI()}
    exec("\n".join(code[start : end + 1]), names)  # noqa: S102
    async with httpx.AsyncClient(transport=httpx.ASGITransport(names["app"]), base_url="http://test") as client:
        found = [(await client.post("/login")).status_code for _ in range(6)]
    assert found == [200] * 5 + [429]
    (made,) = [line for line in code if line.startswith("uploads = ")]
    (used,) = [line for line in code if line.startswith("await uploads")]
    user = type("User", (), {"id": 7})()
    names |= {"request": Request({"type": "http", "headers": []}), "user": user}
    exec(f"{made}\nasync def use():\n    {used}\n", names)  # noqa: S102
    await names["use"]()


@pytest.mark.long
@pytest.mark.parametrize("store", ["memory", "shared"])
async def test_cost(request: pytest.FixtureRequest, store: str) -> None:
    """A figure: what a request costs with a limit on its route, and with the middleware alone, against none."""
    module = request.getfixturevalue(store)
    bare, idle, limited = FastAPI(), FastAPI(), FastAPI()
    for app in (idle, limited):
        app.add_middleware(module.RateLimitMiddleware)
    for app in (bare, idle):
        app.get("/")(lambda: Response())
    limited.get("/", dependencies=[Depends(module.RateLimit("100000/minute", name="cost"))])(lambda: Response())
    figures = {}
    for name, app in (("bare", bare), ("idle", idle), ("limited", limited)):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            taken = []
            for _ in range(300):
                began = time.perf_counter()
                await client.get("/")
                taken.append(time.perf_counter() - began)
            figures[name] = statistics.median(taken) * 1e6
    print(f"\n{store}, microseconds a request: { {name: round(value) for name, value in figures.items()} }")
    assert figures["limited"] < figures["bare"] + 5000
    await module.stop_ratelimit()
