"""`websocket`: the generated `services/ws.py` under uvicorn, with real sockets and a real Redis."""

import ast
import asyncio
import json
import re
import socket
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import SHAPES, RedisServer, Uvicorn, run_python
from seed_examples import websocket as seeds
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

LIVE_APP = '''
import asyncio
import logging
import time
from contextlib import asynccontextmanager

from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from services.ws import manager

logging.basicConfig(level=logging.INFO)


@asynccontextmanager
async def lifespan(app: FastAPI):
    await manager.start_pubsub()
    yield
    await manager.stop_pubsub()


app = FastAPI(lifespan=lifespan)
received, ended = [], []


@app.websocket("/ws/{client_id}")
async def endpoint(websocket: WebSocket, client_id: str, room: str = ""):
    await manager.connect(websocket, client_id)
    if room:
        await manager.join_room(client_id, room)
    try:
        while True:
            data = await websocket.receive_text()
            received.append(data)
            if data == "fail":
                raise ValueError(data)
            if data.startswith("work"):
                await asyncio.sleep(int(data[5:]))
    except WebSocketDisconnect as error:
        ended.append([client_id, error.code])
        manager.disconnect(client_id)


@app.websocket("/timeout/{client_id}")
async def endpoint_with_a_timeout(websocket: WebSocket, client_id: str):
    await manager.connect(websocket, client_id)
    while True:
        try:
            received.append(await asyncio.wait_for(websocket.receive_text(), 0.002))
        except asyncio.TimeoutError:
            pass


@app.websocket("/task/{client_id}")
async def endpoint_with_a_task(websocket: WebSocket, client_id: str):
    await manager.connect(websocket, client_id)
    received.append(await asyncio.create_task(websocket.receive_text()))
    raise ValueError


@app.post("/call/{name}")
async def call(name: str, body: dict):
    if isinstance(body.get("exclude"), list):
        body["exclude"] = set(body["exclude"])
    result = getattr(manager, name)(**body)
    start = time.perf_counter()
    result = await result if asyncio.iscoroutine(result) else result
    return {"result": result, "seconds": time.perf_counter() - start}


@app.get("/state")
async def state():
    return {
        "clients": sorted(manager._connections),
        "rooms": {room: sorted(ids) for room, ids in manager._rooms.items()},
        "received": received,
        "ended": ended,
    }
'''

Make = Callable[..., Path]
Serve = Callable[..., Uvicorn]


@pytest.fixture(scope="module")
def project(make_project: Make) -> Path:
    folder = make_project("websocket")
    (folder / "live_app.py").write_text(LIVE_APP)
    return folder


def ws(server: Uvicorn, path: str, **options: Any) -> Any:
    url = f"ws://127.0.0.1:{server.port}{path}"
    return connect(url, compression=None, **{"ping_interval": None, **options})


async def call(server: Uvicorn, name: str, **body: Any) -> dict[str, Any]:
    async with httpx.AsyncClient(timeout=30) as client:
        answer = await client.post(f"{server.url}/call/{name}", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def state(server: Uvicorn) -> dict[str, Any]:
    async with httpx.AsyncClient() as client:
        return dict((await client.get(f"{server.url}/state")).json())


async def until(server: Uvicorn, holds: Callable[[dict[str, Any]], bool], seconds: float = 8) -> dict[str, Any]:
    """Waits until the server's state is as `holds` wants it."""
    end = time.monotonic() + seconds
    while not holds(now := await state(server)):
        assert time.monotonic() < end, now
        await asyncio.sleep(0.05)
    return now


async def inbox(client: ClientConnection, quiet: float = 0.25) -> list[Any]:
    """All that the client gets until it hears nothing for a while; heartbeats aside."""
    found: list[Any] = []
    while True:
        try:
            data = json.loads(await asyncio.wait_for(client.recv(), quiet))
        except (TimeoutError, ConnectionClosed):
            return found
        if data != {"type": "ping"}:
            found.append(data)


async def inboxes(*clients: ClientConnection) -> list[list[Any]]:
    return list(await asyncio.gather(*(inbox(client) for client in clients)))


def stuck_client(server: Uvicorn, client_id: str) -> socket.socket:
    """A client that shakes hands and then never reads again."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect(("127.0.0.1", server.port))
    sock.sendall(
        f"GET /ws/{client_id} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    assert b"101" in sock.recv(12)
    return sock


# -- Several instances ---------------------------------------------------------------------


async def test_two_instances(project: Path, serve: Serve, redis_server: RedisServer) -> None:
    """Must show: "two instances over Redis, four clients, one copy each; rooms, leave, exclude,
    personal across instances" """
    a, b = (serve(project, "live_app:app", WS_REDIS_URL=redis_server.url(2)) for _ in "ab")
    async with ws(a, "/ws/a1?room=r") as a1, ws(a, "/ws/a2") as a2, ws(b, "/ws/b1?room=r") as b1, ws(b, "/ws/b2") as b2:
        await until(a, lambda s: s["rooms"] == {"r": ["a1"]} and len(s["clients"]) == 2)
        await until(b, lambda s: s["rooms"] == {"r": ["b1"]} and len(s["clients"]) == 2)
        everyone = (a1, a2, b1, b2)

        assert (await call(a, "broadcast", message={"n": 1}))["result"] == 2
        assert await inboxes(*everyone) == [[{"n": 1}]] * 4

        await call(b, "broadcast_to_room", room="r", message={"n": 2})
        assert await inboxes(*everyone) == [[{"n": 2}], [], [{"n": 2}], []]

        await call(b, "leave_room", client_id="b1", room="r")
        await call(a, "broadcast_to_room", room="r", message={"n": 3})
        assert await inboxes(*everyone) == [[{"n": 3}], [], [], []]

        await call(a, "broadcast", message={"n": 4}, exclude=["a1", "b2"])
        assert await inboxes(*everyone) == [[], [{"n": 4}], [{"n": 4}], []]

        assert (await call(a, "send_personal", client_id="a2", message="5"))["result"] is True
        assert (await call(a, "send_personal", client_id="b2", message="6"))["result"] is False
        assert await inboxes(*everyone) == [[], [5], [], [6]]

        # Another database of the same Redis, another application: not for us.
        redis_server.cli("PUBLISH", "demo:ws:0", '{"origin": "x", "text": "7"}')
        # What no instance has sent does not end the listener.
        malformed = ["no json", "[]", '{"origin": 1}', '{"origin": "x", "text": "8", "room": []}']
        for noise in [*malformed, '{"origin": "x", "text": "8", "client": "nobody"}']:
            redis_server.cli("PUBLISH", "demo:ws:2", noise)
        await call(b, "broadcast", message="9")
        assert await inboxes(*everyone) == [[9]] * 4
    logs = a.stop() + b.stop()
    assert "Traceback" not in logs and logs.count("malformed") == 2 * len(malformed), logs


async def test_redis_restarts(project: Path, serve: Serve, redis_server: RedisServer) -> None:
    """Must show: "Redis restarted, delivery resumes" """
    a, b = (serve(project, "live_app:app", WS_REDIS_URL=redis_server.url(2)) for _ in "ab")
    async with ws(a, "/ws/a1") as a1, ws(b, "/ws/b1") as b1:
        redis_server.stop()
        done = await call(a, "broadcast", message="1")
        assert done["result"] == 1 and done["seconds"] < 0.1
        assert await inboxes(a1, b1) == [[1], []]  # local delivery goes on

        redis_server.start()
        end = time.monotonic() + 12
        while int(redis_server.cli("PUBSUB", "NUMSUB", "demo:ws:2").split()[-1]) < 2:
            assert time.monotonic() < end, "no new subscription"
            await asyncio.sleep(0.05)
        await call(a, "broadcast", message="2")
        await call(b, "broadcast", message="3")
        assert [sorted(got) for got in await inboxes(a1, b1)] == [[2, 3], [2, 3]]
    assert "Traceback" not in a.stop() + b.stop()


async def test_redis_is_down_at_the_start(project: Path, serve: Serve, redis_server: RedisServer) -> None:
    """The application starts and serves without Redis, joins it later, and ends at once."""
    redis_server.stop()
    server = serve(project, "live_app:app", WS_REDIS_URL=redis_server.url(2))
    async with ws(server, "/ws/a1") as a1:
        await call(server, "broadcast", message="1")
        assert await inbox(a1) == [1]
    start = time.monotonic()
    log = server.stop()
    assert time.monotonic() - start < 3
    assert "Traceback" not in log and "WebSocket subscription lost" in log


# -- Clients that are slow, silent, or come again ------------------------------------------


async def test_stuck_client(project: Path, serve: Serve) -> None:
    """Must show: "a stuck client delays a broadcast by < 100 ms" and "a client whose sends stall is
    closed" """
    server = serve(project, "live_app:app", "--timeout-graceful-shutdown", "1", WS_SEND_TIMEOUT="3")

    async def broadcast(times: int) -> list[float]:
        """How long each call took, smallest first; the healthy client got each at once."""
        seconds = []
        for number in range(times):
            done = await call(server, "broadcast", message={"number": number, "filler": "x" * 200_000})
            while (data := json.loads(await healthy.recv())) == {"type": "ping"}:
                pass
            assert data["number"] == number
            seconds.append(done["seconds"])
        return sorted(seconds)

    async with ws(server, "/ws/healthy", max_size=None) as healthy:
        before = await broadcast(9)
        stuck = stuck_client(server, "stuck")
        await until(server, lambda s: len(s["clients"]) == 2)
        beside = await broadcast(35)  # 7 MB: more than the buffers of both systems hold
        delay = beside[17] - before[4]
        print(f"a stuck client delays a broadcast by {delay * 1000:.2f} ms (worst in all {beside[-1] * 1000:.0f} ms)")
        assert delay < 0.1
        assert beside[-1] < 1.5  # none waited for the stuck client's timeout
        now = await until(server, lambda s: s["ended"] != [], seconds=12)
        assert now["clients"] == ["healthy"] and now["ended"] == [["stuck", 1013]]
    assert "Traceback" not in server.stop(6)
    stuck.close()


async def test_full_queue(project: Path, serve: Serve) -> None:
    """COMPONENTS.md: "a full queue closes that client with 1013" """
    server = serve(project, "live_app:app", WS_QUEUE_LENGTH="5", WS_SEND_TIMEOUT="20")
    async with ws(server, "/ws/slow", max_queue=2, max_size=None) as slow:
        await until(server, lambda s: s["clients"] == ["slow"])
        sent = 0
        while (await call(server, "broadcast", message="x" * 500_000))["result"] == 1:
            sent += 1
            assert sent < 100
        assert (await state(server))["clients"] == []
        with pytest.raises(ConnectionClosed):  # it reads again: what was sent, then the reason
            while True:
                assert len(await slow.recv()) == 500_000
        assert slow.close_code == 1013
        await until(server, lambda s: s["ended"] == [["slow", 1013]])
    assert "Traceback" not in server.stop()


async def test_heartbeat(project: Path, serve: Serve) -> None:
    """Must show: "[closed is] one that has ever answered a ping and falls silent; one that only
    listens is not" """
    server = serve(project, "live_app:app", WS_HEARTBEAT_INTERVAL="1")
    async with (
        ws(server, "/ws/listens") as listens,
        ws(server, "/ws/answers") as answers,
        ws(server, "/ws/falls-silent") as falls_silent,
        ws(server, "/ws/works") as works,
    ):

        async def answer(client: ClientConnection, times: int) -> None:
            async for text in client:
                assert json.loads(text) == {"type": "ping"}
                if times > 0:
                    await client.send('{"type": "pong"}')
                times -= 1

        start = time.monotonic()
        tasks = [asyncio.ensure_future(answer(c, n)) for c, n in [(listens, 0), (answers, 99), (works, 99)]]
        # An endpoint that is at work cannot hear the pongs: that is not the client's silence.
        await asyncio.sleep(1.5)
        await works.send("work 4")
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(answer(falls_silent, 1), 8)
            await falls_silent.recv()
        assert falls_silent.close_code == 1011
        assert 2 < time.monotonic() - start < 6
        await asyncio.sleep(max(0, 6 - (time.monotonic() - start)))
        now = await state(server)
        assert now["clients"] == ["answers", "listens", "works"]
        assert now["received"] == ["work 4"]  # the endpoint sees no pongs
        for task in tasks:
            task.cancel()
    assert "Traceback" not in server.stop()


async def test_no_heartbeat(project: Path, serve: Serve) -> None:
    """COMPONENTS.md: "0 = off"; then a pong is a message like any other."""
    server = serve(project, "live_app:app", WS_HEARTBEAT_INTERVAL="0")
    async with ws(server, "/ws/a") as client:
        await client.send('{"type": "pong"}')
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.recv(), 1.5)
        assert (await state(server))["received"] == ['{"type": "pong"}']


async def test_same_id_again(project: Path, serve: Serve) -> None:
    """Must show: "same-id reconnect keeps receiving (the owner of a connection is the task that made
    it, so the old socket's `disconnect(client_id)` is harmless)" """
    server = serve(project, "live_app:app")
    async with ws(server, "/ws/me?room=r") as old:
        await until(server, lambda s: s["rooms"] == {"r": ["me"]})
        async with ws(server, "/ws/me?room=q") as new:
            with pytest.raises(ConnectionClosed):
                await asyncio.wait_for(old.recv(), 5)
            assert old.close_code == 1000
            now = await until(server, lambda s: s["ended"] == [["me", 1000]])  # and it has disconnected
            assert now["clients"] == ["me"] and now["rooms"] == {"q": ["me"]}
            await call(server, "send_personal", client_id="me", message="1")
            await call(server, "broadcast_to_room", room="q", message="2")
            assert await inbox(new) == [1, 2]
            # One that has no connection of its own (an administrator's route) may disconnect it.
            await call(server, "disconnect", client_id="me")
            assert (await state(server))["clients"] == []
    assert "Traceback" not in server.stop()


async def test_closed_while_the_endpoint_works(project: Path, serve: Serve) -> None:
    """The endpoint's next receive raises WebSocketDisconnect, not Starlette's RuntimeError."""
    server = serve(project, "live_app:app")
    async with ws(server, "/ws/me") as old:
        await old.send("work 1")
        await until(server, lambda s: s["received"] == ["work 1"])
        async with ws(server, "/ws/me"):
            await until(server, lambda s: s["ended"] == [["me", 1000]])
    assert "Traceback" not in server.stop()


@pytest.mark.parametrize("path", ["/ws/me?room=r", "/task/me"])
async def test_endpoint_fails(project: Path, serve: Serve, path: str) -> None:
    """An endpoint that ends by an error, without `disconnect`, leaves no client behind."""
    server = serve(project, "live_app:app", WS_HEARTBEAT_INTERVAL="0")
    async with ws(server, path) as client:
        await client.send("fail")
        await until(server, lambda s: s["received"] == ["fail"] and not s["clients"] and not s["rooms"])


async def test_endpoint_with_a_timeout(project: Path, serve: Serve) -> None:
    """An endpoint that gives up waiting again and again hears every message, in order; and silence is noticed there too:
    "[closed is] one that has ever answered a ping and falls silent"."""
    server = serve(project, "live_app:app", WS_HEARTBEAT_INTERVAL="1")
    async with ws(server, "/timeout/me") as client:
        sent = [str(number) for number in range(500)]
        for number, text in enumerate(sent):
            await client.send(text)
            await asyncio.sleep(number % 7 / 2000)
        now = await until(server, lambda s: len(s["received"]) >= len(sent))
        assert now["received"] == sent
        assert json.loads(await client.recv()) == {"type": "ping"}
        await client.send('{"type": "pong"}')
        with pytest.raises(ConnectionClosed):
            while True:
                await asyncio.wait_for(client.recv(), 8)
        assert client.close_code == 1011


@pytest.mark.parametrize("implementation", ["websockets-sansio", "websockets"])
async def test_sigterm(project: Path, serve: Serve, redis_server: RedisServer, implementation: str) -> None:
    """Must show: "SIGTERM with open sockets ends at once" """
    server = serve(project, "live_app:app", "--ws", implementation, WS_REDIS_URL=redis_server.url())
    clients = [await ws(server, f"/ws/{number}") for number in range(50)]
    await until(server, lambda s: len(s["clients"]) == 50)
    await call(server, "broadcast", message={"filler": "x" * 1000})
    start = time.monotonic()
    log = await asyncio.to_thread(server.stop)
    seconds = time.monotonic() - start
    print(f"SIGTERM with 50 open sockets ({implementation}): {seconds:.2f} s")
    assert seconds < 2
    assert "Traceback" not in log and "was destroyed" not in log, log
    assert "Application shutdown complete" in log
    await inbox(clients[0])
    assert clients[0].close_code == 1012
    await asyncio.gather(*(client.close() for client in clients))


# -- The module alone ----------------------------------------------------------------------


FAKE = '''
import asyncio
from starlette.websockets import WebSocketState

class Fake:
    """What a connection needs of a WebSocket."""
    def __init__(self):
        self.sent, self.closed = [], None
        self.client_state = self.application_state = WebSocketState.CONNECTED
    async def accept(self): pass
    async def receive(self): await asyncio.Event().wait()
    async def send_text(self, text): self.sent.append(text)
    async def close(self, code, reason): self.closed = code

from services.ws import ConnectionManager, manager
'''


def test_works_without_redis(project: Path) -> None:
    """COMPONENTS.md: "Needs nothing new"; an empty WS_REDIS_URL means one instance."""
    code = (
        "import sys; sys.modules['redis'] = None\n"
        + FAKE
        + textwrap.dedent("""
        async def main():
            await manager.stop_pubsub()  # never started: harmless
            await manager.start_pubsub()
            await manager.start_pubsub()
            fake = Fake()
            await manager.connect(fake, "a")
            assert await manager.broadcast({"n": 1}) == 1
            assert await manager.send_personal("b", "x") is False
            assert fake.sent == ['{"n": 1}'], fake.sent
            await manager.stop_pubsub()
            await manager.stop_pubsub()
            await manager.start_pubsub()
            await manager.stop_pubsub()
            manager.disconnect("a")
            assert len(asyncio.all_tasks()) == 2, asyncio.all_tasks()
            await asyncio.sleep(0)
            assert len(asyncio.all_tasks()) == 1, asyncio.all_tasks()

        asyncio.run(main(), debug=True)
        asyncio.run(main(), debug=True)
        manager.disconnect("nobody")  # no loop, no harm
        """)
    )
    run_python(project, code, PYTHONASYNCIODEBUG="1")


def test_needs_redis_for_several_instances(project: Path) -> None:
    """A missing package and a wrong URL are errors that name the variable, and no password."""
    code = """
        import asyncio, sys, traceback
        from services.ws import manager, settings
        bad = "http://:hunter2@localhost redis://:hun#ter2@localhost redis://:hunter2@localhost:hunter2"
        # A password that begins like a port: the log of a lost connection would name it.
        for url in [*bad.split(), "redis://me:4711#hunter2@localhost", "redis://localhost"]:
            if "hun" not in url:
                sys.modules["redis.asyncio"] = None
            settings.ws_redis_url = url
            try:
                asyncio.run(manager.start_pubsub())
            except Exception:
                traceback.print_exc(file=sys.stdout)
    """
    said = run_python(project, textwrap.dedent(code))
    assert said.count("ValueError: WS_REDIS_URL is not a valid Redis URL") == 4
    assert said.count("RuntimeError: WS_REDIS_URL needs the package redis") == 1
    assert "hun" not in said and "4711" not in said, said


def test_stop(project: Path, redis_server: RedisServer) -> None:
    """After `stop_pubsub` what was sent last has been published, and Redis's client list is empty."""
    run_python(
        project,
        FAKE
        + textwrap.dedent("""
        import os
        from redis.asyncio import Redis

        async def main():
            redis = Redis.from_url(os.environ["WS_REDIS_URL"])
            other = ConnectionManager()
            await other.start_pubsub()
            fake = Fake()
            await other.connect(fake, "a")
            kept = []  # so that no connection is closed by its deletion
            for number in range(3):
                await manager.start_pubsub()
                kept += manager._relays.values()
                assert len(await redis.client_list()) >= 3
                for _ in range(100):
                    await manager.send_personal("a", str(number))
                await manager.stop_pubsub()
            for _ in range(500):
                await asyncio.sleep(0.01 if len(fake.sent) < 300 else 0)
            assert fake.sent == [str(number) for number in range(3) for _ in range(100)]
            burst = redis.pipeline(transaction=False)
            for number in range(300):  # what comes at one go is no reason to close a client
                burst.publish("demo:ws:3", '{"origin": "x", "text": "burst"}')
            await burst.execute()
            for _ in range(500):
                await asyncio.sleep(0.01 if len(fake.sent) < 600 else 0)
            assert len(fake.sent) == 600 and other.is_connected("a"), (len(fake.sent), fake.closed)
            await other.stop_pubsub()
            await asyncio.sleep(0.1)
            clients = await redis.client_list()
            assert len(clients) == 1, clients
            await redis.aclose()

        asyncio.run(main())
        """),
        WS_REDIS_URL=redis_server.url(3),
        WS_QUEUE_LENGTH="20",
    )


async def test_no_password_in_the_log(project: Path, serve: Serve, redis_server: RedisServer) -> None:
    """Issue 3, "Must show" 4: "no password in an error or log line of a module" """
    for port in (redis_server.port, 1):  # a Redis that refuses the password, and none at all
        url = f"redis://somebody:hunter2@127.0.0.1:{port}/0"
        server = serve(project, "live_app:app", WS_REDIS_URL=url)
        await call(server, "broadcast", message="1")
        log = server.stop()
        assert "WebSocket subscription lost" in log
        assert "hunter2" not in log and "Traceback" not in log, log


def test_messages(project: Path) -> None:
    """Text goes as it is, all else as JSON; what no socket can carry fails at the sender."""
    run_python(
        project,
        FAKE
        + textwrap.dedent("""
        import datetime, json, uuid
        from pydantic import BaseModel

        class Model(BaseModel):
            day: datetime.date

        async def main():
            fake = Fake()
            await manager.connect(fake, "a")
            day, key = datetime.date(2026, 11, 20), uuid.UUID(int=1)
            await manager.broadcast({"day": day, "key": key})
            await manager.broadcast([Model(day=day)])
            await manager.broadcast(Model(day=day))
            await manager.send_personal("a", "plain \\N{SNOWMAN}")
            await manager.send_personal("a", {"broken": "\\ud800"})
            assert [json.loads(text) for text in fake.sent[:3]] == [
                {"day": "2026-11-20", "key": str(key)}, [{"day": "2026-11-20"}], {"day": "2026-11-20"}]
            assert fake.sent[3:] == ["plain \\N{SNOWMAN}", '{"broken": "\\\\ud800"}'], fake.sent
            for bad in ("\\ud800", {"x": float("nan")}):
                try:
                    await manager.broadcast(bad)
                except ValueError:
                    continue
                raise AssertionError(bad)
            assert manager.is_connected("a") and manager.connection_count == 1

            assert await manager.join_room("a", "r") and not await manager.join_room("b", "r")
            assert manager.get_room_members("r") == {"a"} and manager.get_client_rooms("a") == {"r"}
            assert await manager.leave_room("a", "r") and not await manager.leave_room("a", "r")
            assert manager.get_room_members("r") == manager.get_client_rooms("a") == set()

            for number in range(3000):  # three times the queue's length, at one go
                await manager.send_personal("a", str(number))
            assert manager.is_connected("a") and fake.sent[-1] == "2999"
            manager.disconnect("a")

        asyncio.run(main())
        """),
    )


def test_event_loops(project: Path) -> None:
    """COMPONENTS.md: "Clients belong to one event loop"; TestClient has one for each socket."""
    run_python(
        project,
        textwrap.dedent("""
        from fastapi.testclient import TestClient
        from live_app import app, manager

        client = TestClient(app)
        with client.websocket_connect("/ws/1") as one, client.websocket_connect("/ws/2") as two:
            assert client.post("/call/broadcast", json={"message": "a"}).json()["result"] == 2
            assert one.receive_text() == two.receive_text() == "a"
        assert manager.connection_count == 0
        for _ in range(2):
            with TestClient(app) as client, client.websocket_connect("/ws/1") as one:
                client.post("/call/broadcast", json={"message": "b"})
                assert one.receive_text() == "b"
        """),
    )
    run_python(
        project,
        FAKE
        + textwrap.dedent("""
        async def join():
            await manager.connect(Fake(), "a")

        async def send():
            assert await manager.broadcast("x") == 0
            assert not manager.is_connected("a")

        asyncio.run(join())
        asyncio.run(send())  # the socket's loop is closed: the client is gone
        """),
    )


# -- What the user reads and copies --------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
async def test_next_steps(
    make_project: Make, next_steps: Callable[..., str], serve: Serve, shape: str
) -> None:
    """Issue 3, "Must show" 4: "Origin check in the printed WebSocket endpoint" """
    steps = next_steps("websocket", shape)
    found = re.search(r"(?m)^     from fastapi.*?(?=^\d)", steps, re.DOTALL)
    assert found and max(map(len, steps.splitlines())) <= 80
    ast.parse(code := textwrap.dedent(found[0]))
    if shape != "lower":
        return
    project = make_project("websocket")
    (project / "printed.py").write_text(f"from fastapi import FastAPI\napp = FastAPI()\n{code}")
    server = serve(project, "printed:app")
    for origin in (None, "null", "http://evil.example", "http://localhost:3000.evil.example"):
        with pytest.raises(InvalidStatus, match="403"):
            await ws(server, "/ws/1", origin=origin)
    async with ws(server, "/ws/1", origin="http://localhost:3000") as client:
        await client.send('"hello"')
        assert await inbox(client) == ["hello"]


SEED_APP = '''
import ast, inspect, json, os
from contextlib import asynccontextmanager
from types import ModuleType, SimpleNamespace
import sys

from fastapi import APIRouter, FastAPI, WebSocket, WebSocketDisconnect
from services.ws import manager


async def get_current_user_ws(token):
    if token != "secret":
        raise PermissionError
    return SimpleNamespace(id=7)

sys.modules["core.dependencies"] = stub = ModuleType("core.dependencies")
stub.get_current_user_ws = get_current_user_ws

lifespan_block, *blocks = json.load(open(os.environ["BLOCKS"]))
space = {name: globals()[name] for name in ("asynccontextmanager", "FastAPI", "manager")}
exec(lifespan_block, space)
app = space.get("app") or FastAPI(lifespan=space["lifespan"])
functions, later = {}, []
for block in blocks:
    own = {"app": app, "router": APIRouter(), "client_id": "me", "manager": manager,
           "WebSocket": WebSocket, "WebSocketDisconnect": WebSocketDisconnect}
    code = compile(block, "seed", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    if code.co_flags & inspect.CO_COROUTINE:  # top-level await: run on request, definitions now
        later.append((code, own))
        tree = ast.parse(block)
        tree.body = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom, ast.AsyncFunctionDef))]
        code = compile(tree, "seed", "exec")
    exec(code, own)
    app.include_router(own["router"])
    functions |= own


@app.post("/later")
async def run_later():
    for code, own in later:
        routes = list(app.router.routes)
        await eval(code, own)
        app.router.routes[:] = routes
    return len(later)


@app.post("/function/{name}")
async def run_function(name: str, body: dict):
    await functions[name](**body)
'''


@pytest.mark.parametrize("source", seeds.RUN)
async def test_seed_examples(
    source: str, make_project: Make, serve: Serve, redis_server: RedisServer, tmp_path: Path
) -> None:
    """Issue 3, "Must show" 3: "The examples of the seeds run (scope 3), by a test that counts them" """
    assert len(seeds.RUN) == 3 and sum(count for _, count in seeds.RUN.values()) == 12
    blocks, count = seeds.RUN[source]
    assert len(blocks) == count == len(set(blocks))
    project = make_project("websocket")
    (project / "seed_app.py").write_text(SEED_APP)
    path = tmp_path / "blocks.json"
    path.write_text(json.dumps([block.replace("core.ws", "services.ws") for block in blocks]))
    (project / ".env").write_text(seeds.ENVIRONMENT.replace("localhost:6379", f"127.0.0.1:{redis_server.port}"))
    server = serve(project, "seed_app:app", BLOCKS=str(path))
    assert "demo:ws:2" in redis_server.cli("PUBSUB", "CHANNELS")  # the lifespan started it
    async with httpx.AsyncClient(base_url=server.url) as http, ws(server, "/ws/me") as me, ws(server, "/ws/you") as you:
        await you.send('"hi"')
        if source != "plan":
            assert await inboxes(me, you) == [["hi"], ["hi"]]
            assert (await http.post("/later")).json() == 1
            assert await inboxes(me, you) == [[{"message": "Hello!"}], []]
            await me.close()
            await until_gone(http, you)
        else:
            assert await asyncio.gather(me.recv(), you.recv()) == ['Client you: "hi"'] * 2
            assert (await http.post("/later")).json() == 1
            assert await inboxes(me, you) == [
                [{"type": "message", "text": "Hello!"}, {"type": "notification", "text": "Welcome!"}],
                [],
            ]
            await chat(server)
            await notifications(server, http)
            await dashboard(server, http)
    log = server.stop()
    assert "Traceback" not in log, log
    assert "demo:ws:2" not in redis_server.cli("PUBSUB", "CHANNELS")


async def until_gone(http: httpx.AsyncClient, you: ClientConnection) -> None:
    await asyncio.sleep(0.1)
    await you.send('"again"')
    assert await inbox(you) == ["again"]


async def chat(server: Uvicorn) -> None:
    """Section 8, the basic endpoint."""
    async with ws(server, "/chat/ws/ann") as ann, ws(server, "/chat/ws/bob") as bob:
        await bob.send('{"type": "join_room", "room": "cats"}')
        assert await inboxes(ann, bob) == [[], [{"type": "joined", "room": "cats"}]]
        await ann.send('{"type": "message", "text": "hi"}')
        said = {"type": "message", "from": "ann", "text": "hi"}
        assert await inboxes(ann, bob) == [[said], [said]]
        await bob.send('{"type": "leave_room", "room": "general"}')
        await asyncio.sleep(0.1)
        await ann.send('{"type": "message", "text": "hi"}')
        assert await inboxes(ann, bob) == [[said], []]
        await bob.close()
        assert await inbox(ann) == [{"type": "user_left", "user_id": "bob"}]


async def notifications(server: Uvicorn, http: httpx.AsyncClient) -> None:
    """Section 8, authentication and the background task."""
    with pytest.raises(InvalidStatus, match="403"):
        await ws(server, "/ws/notifications?token=wrong")
    async with ws(server, "/ws/notifications?token=secret") as client:
        await client.send("ping")
        assert await client.recv() == "pong"
        await http.post("/function/process_order", json={"order_id": 1, "user_id": 7})
        assert await inbox(client) == [{"type": "order_update", "order_id": 1, "status": "completed"}]


async def dashboard(server: Uvicorn, http: httpx.AsyncClient) -> None:
    """Section 8, the dashboard."""
    async with ws(server, "/ws/dashboard/d") as client:
        await client.send('{"type": "subscribe", "widget_id": "w"}')
        await asyncio.sleep(0.1)
        await http.post("/function/update_widget_data", json={"widget_id": "w", "data": {"n": 1}})
        assert await inbox(client) == [{"type": "widget_update", "widget_id": "w", "data": {"n": 1}}]


# -- Speed ---------------------------------------------------------------------------------


async def test_broadcast_to_1000_clients(project: Path, serve: Serve) -> None:
    """Issue 3, "Must show" 7: "WebSocket broadcast to 1,000 clients" """
    said = run_python(
        project,
        FAKE
        + textwrap.dedent("""
        import time

        async def main():
            fakes = [Fake() for _ in range(1000)]
            for number, fake in enumerate(fakes):
                await manager.connect(fake, str(number))
            times = []
            for number in range(20):
                start = time.perf_counter()
                assert await manager.broadcast({"number": number}) == 1000
                while not all(len(fake.sent) == number + 1 for fake in fakes):
                    await asyncio.sleep(0)
                times.append(time.perf_counter() - start)
            print(sorted(times)[10] * 1000)

        asyncio.run(main())
        """),
    )
    print(f"1,000 clients in process: {float(said):.1f} ms")

    server = serve(project, "live_app:app", "--ws", "websockets-sansio")
    clients: list[ClientConnection] = []
    for first in range(0, 1000, 50):
        clients += await asyncio.gather(*(ws(server, f"/ws/{n}") for n in range(first, first + 50)))
    times, calls = [], []
    for number in range(5):
        start = time.perf_counter()
        done = await call(server, "broadcast", message={"number": number})
        got = await asyncio.gather(*(client.recv() for client in clients))
        times.append(time.perf_counter() - start)
        calls.append(done["seconds"])
        assert done["result"] == 1000 and set(got) == {json.dumps({"number": number})}
    print(f"1,000 sockets: broadcast() {sorted(calls)[2] * 1000:.1f} ms, all received {sorted(times)[2] * 1000:.1f} ms")
    assert sorted(times)[2] < 2
    for client in clients:
        client.transport.abort()
