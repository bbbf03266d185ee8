"""`websocket`: the generated `services/ws.py` under uvicorn, with real sockets and a real Redis."""

import ast
import asyncio
import contextlib
import json
import re
import signal
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


@app.get("/ready")
async def ready():
    from services.ws import check_websocket

    start = time.perf_counter()
    try:
        await check_websocket(0.5)
    except Exception as error:
        return {"error": repr(error), "seconds": time.perf_counter() - start}
    return {"error": None}


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
            if data == "act":
                await asyncio.sleep(0.5)  # meanwhile the client connects again
                acts = [
                    await manager.leave_room(client_id, "r"),
                    await manager.join_room(client_id, "q"),
                    await manager.send_personal(client_id, '"from the old endpoint"'),
                    await asyncio.create_task(manager.leave_room(client_id, "r")),
                ]
                received.append([*acts, sorted(manager.get_client_rooms(client_id))])
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


@app.websocket("/raises/{client_id}")
async def endpoint_that_raises(websocket: WebSocket, client_id: str):
    await manager.connect(websocket, client_id)
    raise ValueError(client_id)


@app.websocket("/sends/{client_id}")
async def endpoint_that_only_sends(websocket: WebSocket, client_id: str):
    await manager.connect(websocket, client_id)
    while manager.is_connected(client_id):
        await asyncio.sleep(0.05)
    ended.append([client_id, 0])


later = []


@app.websocket("/later/{client_id}")
async def endpoint_whose_task_goes_on(websocket: WebSocket, client_id: str):
    await manager.connect(websocket, client_id)

    async def notify():
        await asyncio.sleep(1)
        received.append(await manager.send_personal(client_id, '"later"'))

    if not later:
        later.append(asyncio.create_task(notify()))
    try:
        await websocket.receive_text()
    except WebSocketDisconnect:
        manager.disconnect(client_id)


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
        for text in ("fail", "unread", "unread", "unread"):
            await client.send(text)
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


# -- An endpoint's own connection --------------------------------------------------------------------


async def test_an_endpoint_acts_on_its_own_connection(project: Path, serve: Serve) -> None:
    """After a reconnect of the same id, what the old endpoint does is not done to the new connection."""
    server = serve(project, "live_app:app", WS_HEARTBEAT_INTERVAL="0")
    async with ws(server, "/ws/me?room=r") as old:
        await old.send("act")
        await until(server, lambda s: s["received"] == ["act"])
        async with ws(server, "/ws/me?room=r") as new:
            now = await until(server, lambda s: len(s["received"]) == 2)
            assert now["received"][1] == [False, False, False, False, []]
            assert now["rooms"] == {"r": ["me"]}
            assert await inbox(new) == []
            # The new one's own endpoint is not hindered, nor is one that has no connection.
            await new.send("act")
            now = await until(server, lambda s: len(s["received"]) == 4)
            assert now["received"][3] == [True, True, True, False, ["q"]]
            assert (await call(server, "join_room", client_id="me", room="s"))["result"] is True
            assert await inbox(new) == ["from the old endpoint"]


async def test_a_task_that_outlives_its_endpoint(project: Path, serve: Serve) -> None:
    """It is no part of the old connection any more: it reaches the client where it is now."""
    server = serve(project, "live_app:app", WS_HEARTBEAT_INTERVAL="0")
    async with ws(server, "/later/me"):
        await until(server, lambda s: s["clients"] == ["me"])
    async with ws(server, "/later/me") as new:
        assert await inbox(new, 1.5) == ["later"]
    assert (await state(server))["received"] == [True]


async def test_a_reconnect_at_another_instance(project: Path, serve: Serve, redis_server: RedisServer) -> None:
    """While an old socket lingers at one instance, the client that is at another now gets its messages there."""
    a, b = (serve(project, "live_app:app", WS_REDIS_URL=redis_server.url(2), WS_SEND_TIMEOUT="1") for _ in "ab")
    dead = stuck_client(a, "me")
    await until(a, lambda s: s["clients"] == ["me"])
    async with ws(b, "/ws/me?room=r") as new, ws(a, "/ws/other"):
        await until(b, lambda s: s["clients"] == ["me"])
        await until(a, lambda s: s["clients"] == ["other"] and s["ended"] == [["me", 1000]])
        assert (await call(a, "send_personal", client_id="me", message="1"))["result"] is False
        await call(a, "broadcast_to_room", room="r", message="2")
        assert await inbox(new) == [1, 2]
    dead.close()


async def test_connections_that_cross_each_other(project: Path, serve: Serve, redis_server: RedisServer) -> None:
    """Of two connections of an id that are made at the same time at two instances, just one stays."""
    a, b = (serve(project, "live_app:app", WS_REDIS_URL=redis_server.url(2)) for _ in "ab")
    names = [str(number) for number in range(40)]
    clients = await asyncio.gather(*(ws(server, f"/ws/{name}") for name in names for server in (a, b)))
    end = time.monotonic() + 8
    while True:
        there, here = (await state(a))["clients"], (await state(b))["clients"]
        if sorted(there + here) == sorted(names):
            break
        assert time.monotonic() < end, (there, here)
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.3)
    assert sorted((await state(a))["clients"] + (await state(b))["clients"]) == sorted(names)
    await call(a, "broadcast", message="1")
    assert sorted(map(str, await inboxes(*clients))) == sorted(["[1]"] * 40 + ["[]"] * 40)
    await asyncio.gather(*(client.close() for client in clients))


async def test_a_reconnect_while_redis_is_away(project: Path, serve: Serve, redis_server: RedisServer) -> None:
    """Who has connected meanwhile is announced when Redis is back."""
    a, b = (serve(project, "live_app:app", WS_REDIS_URL=redis_server.url(2), WS_SEND_TIMEOUT="1") for _ in "ab")
    dead = stuck_client(a, "me")
    await until(a, lambda s: s["clients"] == ["me"])
    await asyncio.sleep(0.2)
    redis_server.stop()
    async with ws(b, "/ws/me") as new:
        await until(b, lambda s: s["clients"] == ["me"])
        redis_server.start()
        await until(a, lambda s: s["clients"] == [], seconds=15)
        await call(a, "send_personal", client_id="me", message="1")
        assert await inbox(new) == [1]
        assert (await state(b))["clients"] == ["me"]
    dead.close()


@pytest.mark.parametrize("implementation", ["websockets-sansio", "websockets"])
async def test_an_endpoint_that_never_receives(project: Path, serve: Serve, implementation: str) -> None:
    """One that raises before its first receive leaves no client behind, and one that only sends learns that its client
    has gone; nothing has to be sent for that."""
    server = serve(project, "live_app:app", "--ws", implementation, WS_HEARTBEAT_INTERVAL="0")
    async with ws(server, "/raises/me") as client:
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(client.recv(), 5)
        await until(server, lambda s: s["clients"] == [], seconds=2)
    async with ws(server, "/sends/you"):
        await until(server, lambda s: s["clients"] == ["you"])
    await until(server, lambda s: s["clients"] == [] and s["ended"] == [["you", 0]], seconds=2)


# -- Limits --------------------------------------------------------------------------------


async def test_a_queue_is_limited_in_bytes(project: Path, serve: Serve) -> None:
    """A client that does not read holds a megabyte, whatever the length of its queue; one that reads gets any size."""
    server = serve(project, "live_app:app", "--timeout-graceful-shutdown", "1", WS_SEND_TIMEOUT="20")
    stuck = stuck_client(server, "stuck")
    await until(server, lambda s: s["clients"] == ["stuck"])
    kept = 0
    while (await call(server, "send_personal", client_id="stuck", message="x" * 300_000))["result"]:
        kept += 1
        assert kept < 100  # 30 MB, in a queue of 1,000 messages
    print(f"a client that never reads holds {kept * 0.3:.1f} MB, the buffers of the system included")
    async with ws(server, "/ws/reads", max_size=None) as client:
        for text in ("x" * 3_000_000, "\N{SNOWMAN}" * 900_000):
            await call(server, "broadcast", message=text)
            assert await asyncio.wait_for(client.recv(), 10) == text
        assert (await state(server))["clients"] == ["reads"]
    stuck.close()


async def test_a_client_that_never_reads(project: Path, serve: Serve) -> None:
    """The module's docstring: it cannot see 1013; its endpoint gets the disconnect after the send timeout, and the server
    holds the socket until the client ends it."""
    server = serve(project, "live_app:app", "--timeout-graceful-shutdown", "1", WS_SEND_TIMEOUT="1")
    stuck = stuck_client(server, "stuck")
    await until(server, lambda s: s["clients"] == ["stuck"])
    start = time.monotonic()
    while (await call(server, "broadcast", message="x" * 300_000))["result"]:
        assert time.monotonic() - start < 20
    await until(server, lambda s: s["ended"] == [["stuck", 1013]])
    assert time.monotonic() - start < 5

    port = f":{stuck.getsockname()[1]:04X}"

    def is_open(port: str) -> bool:
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
        return any(row[2].endswith(port) and row[3] != "06" for row in rows[1:])

    await asyncio.sleep(1)
    assert is_open(port)
    stuck.close()
    while is_open(port):
        await asyncio.sleep(0.05)
        assert time.monotonic() - start < 20


async def test_rate(project: Path, serve: Serve) -> None:
    """`WS_RATE_LIMIT` messages a second; who sends more is closed with 1008."""
    server = serve(project, "live_app:app", WS_RATE_LIMIT="20")
    async with ws(server, "/ws/calm") as calm, ws(server, "/ws/mad") as mad:
        for number in range(30):
            await calm.send(str(number))
            await asyncio.sleep(0.06)
        with pytest.raises(ConnectionClosed):
            for number in range(1000):
                await mad.send("mad")
                await asyncio.sleep(0.001)
        assert mad.close_code == 1008
        now = await until(server, lambda s: s["ended"] == [["mad", 1008]])
        assert now["clients"] == ["calm"] and now["received"].count("mad") <= 40


async def test_close(project: Path, serve: Serve, redis_server: RedisServer) -> None:
    """`manager.close(client_id)`: what was sent before still goes out; here and at another instance."""
    a, b = (serve(project, "live_app:app", WS_REDIS_URL=redis_server.url(2)) for _ in "ab")
    async with ws(a, "/ws/1") as one, ws(b, "/ws/2") as two, ws(b, "/ws/3") as three:
        await until(a, lambda s: len(s["clients"]) == 1)
        await until(b, lambda s: len(s["clients"]) == 2)
        for number in range(50):
            await call(a, "broadcast", message=str(number))
        assert (await call(a, "close", client_id="1", code=4000, reason="blocked"))["result"] is True
        assert (await call(a, "close", client_id="2"))["result"] is False
        for client, code, reason in ((one, 4000, "blocked"), (two, 1000, "")):
            got = []
            with pytest.raises(ConnectionClosed):
                while True:
                    got.append(json.loads(await asyncio.wait_for(client.recv(), 5)))
            assert [data for data in got if data != {"type": "ping"}] == list(range(50))
            assert (client.close_code, client.close_reason) == (code, reason)
        await until(a, lambda s: s["clients"] == [] and s["ended"] == [["1", 4000]])
        await until(b, lambda s: s["clients"] == ["3"] and s["ended"] == [["2", 1000]])
        assert await inbox(three) == list(range(50))
    assert "Traceback" not in a.stop() + b.stop()


# -- Redis that is far away, or does not answer --------------------------------------------------


async def test_publishes_share_a_round_trip(project: Path, redis_server: RedisServer) -> None:
    """With Redis 2 ms away, what waits is published at one go: 3,000 broadcasts take few round trips."""
    answers = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", redis_server.port)

        async def carry(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError):
                while data := await source.read(1 << 20):
                    if source is there and data.startswith(b":"):  # answers to what was published
                        answers.append(data)
                    await asyncio.sleep(0.001)
                    target.write(data)
            target.close()

        await asyncio.gather(carry(reader, back), carry(there, writer))

    proxy = await asyncio.start_server(handle, "127.0.0.1", 0)
    port = proxy.sockets[0].getsockname()[1]
    code = FAKE + textwrap.dedent("""
        import time

        async def main():
            other, fake = ConnectionManager(), Fake()
            await manager.start_pubsub()
            await other.connect(fake, "a")
            await other.start_pubsub()
            start = time.perf_counter()
            for number in range(3000):
                await manager.broadcast(str(number))
                if number % 100 == 0:
                    await asyncio.sleep(0)
            while len(fake.sent) < 3000:
                await asyncio.sleep(0.001)
                assert other.is_connected("a") and time.perf_counter() - start < 30, len(fake.sent)
            print(3000 / (time.perf_counter() - start))
            assert fake.sent == [str(number) for number in range(3000)]
            await manager.stop_pubsub()
            await other.stop_pubsub()

        asyncio.run(main())
        """)
    url = f"redis://127.0.0.1:{port}/0"
    rate = float(await asyncio.to_thread(run_python, project, code, WS_REDIS_URL=url, WS_QUEUE_LENGTH="5000"))
    print(f"{rate:.0f} broadcasts a second and {len(answers)} round trips, Redis 2 ms away")
    proxy.close()
    assert 0 < len(answers) < 600


@pytest.mark.parametrize("size", [10, 100_000])
def test_redis_is_frozen(project: Path, redis_server: RedisServer, size: int) -> None:
    """1,500 broadcasts do not wait for a Redis that does not answer, what waits for it is limited, and readiness says so."""
    code = FAKE + textwrap.dedent(f"""
        import os, resource, signal, time
        from services.ws import check_websocket

        async def main():
            other, fake, far = ConnectionManager(), Fake(), Fake()
            await manager.start_pubsub()
            await other.start_pubsub()
            await manager.connect(fake, "a")
            await other.connect(far, "b")
            await check_websocket()
            await manager.broadcast("before")
            await asyncio.sleep(0.2)
            os.kill({redis_server.process.pid if redis_server.process else 0}, signal.SIGSTOP)
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            start = time.perf_counter()
            for number in range(1500):
                await manager.broadcast(f"{{number:0{size}d}}")
                fake.sent.clear()
            seconds = time.perf_counter() - start
            memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) / 1024
            print(f"1,500 broadcasts of {size} bytes: {{seconds:.2f}} s, {{memory:.0f}} MB")
            assert seconds < 2 and memory < 60
            start = time.perf_counter()
            try:
                await check_websocket(0.3)
            except asyncio.TimeoutError:
                assert time.perf_counter() - start < 0.5
            else:
                raise AssertionError
            os.kill({redis_server.process.pid if redis_server.process else 0}, signal.SIGCONT)
            await asyncio.sleep(1)
            await manager.broadcast("after")
            await asyncio.sleep(1)
            await check_websocket()
            assert far.sent[0] == "before" and far.sent[-1] == "after", (far.sent[0], far.sent[-1][:9])
            assert len(far.sent) == len(set(far.sent))
            await manager.stop_pubsub()
            await other.stop_pubsub()

        asyncio.run(main())
        """)
    try:
        limits = {"WS_QUEUE_LENGTH": "5000", "WS_QUEUE_BYTES": "100000000"}
        print(run_python(project, code, WS_REDIS_URL=redis_server.url(), **limits))
    finally:
        assert redis_server.process
        redis_server.process.send_signal(signal.SIGCONT)


async def test_readiness(project: Path, serve: Serve, redis_server: RedisServer) -> None:
    """`check_websocket()` raises, within its time, when Redis is away; without Redis there is nothing to wait for."""
    alone = serve(project, "live_app:app")
    server = serve(project, "live_app:app", WS_REDIS_URL=redis_server.url())
    async with httpx.AsyncClient() as http:
        assert (await http.get(f"{alone.url}/ready")).json() == {"error": None}
        assert (await http.get(f"{server.url}/ready")).json() == {"error": None}
        redis_server.stop()
        answer = (await http.get(f"{server.url}/ready")).json()
        assert answer["error"] and answer["seconds"] < 1
        redis_server.start()
        end = time.monotonic() + 12
        while (await http.get(f"{server.url}/ready")).json()["error"]:
            assert time.monotonic() < end
            await asyncio.sleep(0.1)


async def test_metrics(make_project: Make, serve: Serve) -> None:
    """Connections and closings are counted where the project has the metrics component."""
    project = make_project("websocket", "metrics")
    (project / "live_app.py").write_text(
        LIVE_APP + "\nfrom services.metrics import metrics_router\napp.include_router(metrics_router)\n"
    )
    server = serve(project, "live_app:app", WS_RATE_LIMIT="5", OTEL_TRACES_EXPORTER="none")

    async def counted(name: str) -> list[str]:
        async with httpx.AsyncClient() as http:
            text = (await http.get(f"{server.url}/metrics")).text
        return [line for line in text.splitlines() if line.startswith(name)]

    async with ws(server, "/ws/1"), ws(server, "/ws/2") as two:
        await until(server, lambda s: len(s["clients"]) == 2)
        assert await counted("websocket_connections") == ["websocket_connections 2.0"]
        with pytest.raises(ConnectionClosed):
            for _ in range(100):
                await two.send("x")
                await asyncio.sleep(0.001)
        await until(server, lambda s: s["clients"] == ["1"])
        assert await counted("websocket_connections") == ["websocket_connections 1.0"]
        assert await counted("websocket_closed_total{") == ['websocket_closed_total{code="1008"} 1.0']


# -- The module alone ----------------------------------------------------------------------


FAKE = '''
import asyncio
from starlette.websockets import WebSocketState

class Fake:
    """What a connection needs of a WebSocket."""
    def __init__(self):
        self.sent, self.closed = [], None
        self.client_state = self.application_state = WebSocketState.CONNECTED
        self.gone = asyncio.Event()
    async def accept(self): pass
    async def receive(self):
        await self.gone.wait()
        return {"type": "websocket.disconnect", "code": 1001}
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
            await asyncio.sleep(0.01)
            assert len(asyncio.all_tasks()) == 2, asyncio.all_tasks()  # the one that reads
            fake.gone.set()
            await asyncio.sleep(0.01)
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
    """COMPONENTS.md: "Clients belong to one event loop"; TestClient without `with` has one for each socket."""
    run_python(
        project,
        textwrap.dedent("""
        from fastapi.testclient import TestClient
        from live_app import app, manager

        client = TestClient(app)
        with client.websocket_connect("/ws/1") as one, client.websocket_connect("/ws/2") as two:
            try:  # each in a loop of its own: an error says what to do, where silence would hang the test
                client.post("/call/broadcast", json={"message": "a"})
            except RuntimeError as error:
                assert "with TestClient(app)" in str(error), error
            else:
                raise AssertionError
        assert manager.connection_count == 0
        with TestClient(app) as client:
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


LOGIN = '''
from fastapi import HTTPException, WebSocket


async def user_id(websocket: WebSocket) -> str:
    if websocket.cookies.get("session") != "ann's secret":
        raise HTTPException(403)
    return "ann"
'''


@pytest.mark.parametrize("shape", SHAPES)
async def test_next_steps(
    make_project: Make, next_steps: Callable[..., str], serve: Serve, shape: str
) -> None:
    """Issue 3, "Must show" 4: "Origin check in the printed WebSocket endpoint" """
    steps = next_steps("websocket", shape)
    found = re.search(r"(?m)^     from typing.*?(?=^\d)", steps, re.DOTALL)
    assert found and max(map(len, steps.splitlines())) <= 80
    ast.parse(code := textwrap.dedent(found[0]))
    if shape != "lower":
        return
    project = make_project("websocket")
    (project / "printed.py").write_text(f"from fastapi import FastAPI\napp = FastAPI()\n{code}")
    (project / "your_login.py").write_text(LOGIN)
    server = serve(project, "printed:app")
    cookie = {"Cookie": "session=ann's secret"}
    for origin in (None, "null", "http://evil.example", "http://localhost:3000.evil.example"):
        with pytest.raises(InvalidStatus, match="403"):
            await ws(server, "/ws", origin=origin, additional_headers=cookie)
    async with ws(server, "/ws", origin="http://localhost:3000", additional_headers=cookie) as client:
        await client.send('"hello"')
        assert await inbox(client) == ["hello"]
        # A stranger cannot take the place of the owner of an id: it is not in the URL.
        for path in ("/ws", "/ws?client_id=ann", "/ws/ann"):
            with pytest.raises(InvalidStatus, match="403"):
                await ws(server, path, origin="http://localhost:3000")
        await client.send('"still here"')
        assert await inbox(client) == ["still here"]


async def test_the_example_of_the_module(make_project: Make, serve: Serve) -> None:
    """The docstring's endpoint runs as it is, with a login; it takes no id from the URL."""
    project = make_project("websocket")
    text = ast.get_docstring(ast.parse((project / "services/ws.py").read_text())) or ""
    found = re.search(r"(?m)^    from services.*?(?=^\S)", text, re.DOTALL)
    assert found
    code = textwrap.dedent(found[0])
    assert "{" not in code.split('("/ws')[1].splitlines()[0]
    (project / "your_login.py").write_text(LOGIN)
    (project / "example.py").write_text(
        "from types import SimpleNamespace\nfrom typing import Annotated\n"
        "from fastapi import Depends, FastAPI, WebSocket, WebSocketDisconnect\nfrom your_login import user_id\n"
        "app = FastAPI()\n"
        "async def user(id: Annotated[str, Depends(user_id)]): return SimpleNamespace(id=id)\n"
        f"CurrentUser = Annotated[SimpleNamespace, Depends(user)]\n{code}"
    )
    server = serve(project, "example:app")
    with pytest.raises(InvalidStatus, match="403"):
        await ws(server, "/ws")
    async with ws(server, "/ws", additional_headers={"Cookie": "session=ann's secret"}) as client:
        await client.send("hello")
        assert await inbox(client) == [{"text": "hello"}]


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


@pytest.mark.long
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
