"""What the generated modules cost, against the library alone, in one table.

    tests/live/load.py [cache] [broadcast] [storage] [middleware] [enqueue]

Each measurement goes to and fro between the two, and takes medians, that of the ratio too: what else the machine does meets both.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from conftest import Projects, RedisServer, Uvicorn, free_port, port_answers, run_python, wait_for
from websockets.asyncio.client import ClientConnection, connect

COMPONENTS = ("redis", "arq", "taskiq", "storage", "websocket", "metrics", "ratelimit")
SOCKETS = 1000
MEGABYTES = 300

Row = tuple[str, str, list[float], list[float]]  # what, its unit, rounds of the library alone, and of ours

COMPARE = """
import asyncio, json, time

async def compare(bare, ours, calls=100, rounds=15):
    found = [], []
    for number in range(rounds + 1):
        for call, times in zip((bare, ours), found):
            began = time.perf_counter()
            for _ in range(calls):
                await call()
            if number:  # the first round warms up
                times.append((time.perf_counter() - began) / calls * 1e6)
    return found
"""

CACHE = """
from redis.asyncio import Redis
from services.cache import cache_get, cache_set, settings, stop_redis
value = {"name": "John", "id": 123, "tags": ["a", "b", "c"], "nested": {"x": 1.5}}

async def main():
    redis = Redis.from_url(settings.redis_url, decode_responses=True)
    async def bare():
        await redis.set("bare", json.dumps(value), ex=3600)
        assert json.loads(await redis.get("bare")) == value
    async def ours():
        await cache_set("ours", value)
        assert await cache_get("ours") == value
    print(json.dumps(await compare(bare, ours)))
    await redis.aclose()
    await stop_redis()
"""

ARQ = """
from arq import create_pool
from services.arq import enqueue, redis_settings, stop_arq

async def main():
    pool = await create_pool(redis_settings(), default_queue_name="bare")
    async def bare():
        await pool.enqueue_job("send_welcome_email", user_id=1)
    async def ours():
        await enqueue("send_welcome_email", user_id=1)
    print(json.dumps(await compare(bare, ours)))
    await pool.aclose()
    await stop_arq()
"""

TASKIQ = """
from redis.asyncio import Redis
from services.taskiq import enqueue, settings, stop_taskiq

async def main():
    redis = Redis.from_url(settings.taskiq_redis_url)
    async def bare():
        await redis.xadd("bare", {"data": json.dumps({"task_name": "send_welcome_email", "kwargs": {"user_id": 1}})})
    async def ours():
        await enqueue("send_welcome_email", user_id=1)
    print(json.dumps(await compare(bare, ours)))
    await redis.aclose()
    await stop_taskiq()
"""

MIDDLEWARE = """
from fastapi import FastAPI, Response

def application():
    app = FastAPI()
    for number in range(100):
        app.get(f"/other{number}/{{x}}")(lambda: Response())
    app.get("/items/{x}")(lambda: Response())
    return app

def caller(app):
    scope = {"type": "http", "method": "GET", "path": "/items/5", "query_string": b"", "headers": [], "client": ("192.0.2.1", 1)}
    async def receive():
        return {"type": "http.request", "body": b""}
    async def send(message):
        assert message.get("status", 200) == 200
    async def call():
        await app({**scope}, receive, send)
    return call

async def main():
    with_it = application()
    with_it.add_middleware(Middleware)
    print(json.dumps(await compare(caller(application()), caller(with_it))))
"""

STORAGE = """
import os, resource
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from services.storage import get_storage, settings, start_storage, stop_storage

MEGABYTE = os.urandom(2**20)

def blocks(count):
    for _ in range(count):
        yield MEGABYTE

async def client():
    return get_session().create_client(
        "s3", region_name="us-east-1", endpoint_url=settings.storage_s3_endpoint_url,
        aws_access_key_id="key", aws_secret_access_key="secret",
    )

async def bare_up(count):
    async with await client() as s3:
        where = {"Bucket": settings.storage_s3_bucket, "Key": "bare"}
        upload = {**where, "UploadId": (await s3.create_multipart_upload(**where))["UploadId"]}
        parts, source = [], blocks(count)
        while body := b"".join(block for block, _ in zip(source, range(8))):
            number = len(parts) + 1
            done = await s3.upload_part(**upload, PartNumber=number, Body=body)
            parts.append({"PartNumber": number, "ETag": done["ETag"]})
        await s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})

async def bare_down(count):
    async with await client() as s3:
        body = (await s3.get_object(Bucket=settings.storage_s3_bucket, Key="bare"))["Body"]
        size = 0
        while chunk := await body.read(256 * 1024):
            size += len(chunk)
        assert size == count * 2**20

async def our_up(count):
    await get_storage().upload("ours", blocks(count))

async def our_down(count):
    assert sum([len(chunk) async for chunk in await get_storage().stream("ours")]) == count * 2**20

def bare_file_up(count):
    with open("bare.bin", "wb") as file:
        for block in blocks(count):
            file.write(block)

def bare_file_down(count):
    with open("bare.bin", "rb") as file:
        while file.read(256 * 1024):
            pass

async def main():
    await start_storage()
    pairs = [(bare_up, our_up), (bare_down, our_down)]
    if settings.storage_backend == "local":
        pairs = [
            (lambda count: asyncio.to_thread(bare_file_up, count), our_up),
            (lambda count: asyncio.to_thread(bare_file_down, count), our_down),
        ]
    for count, rounds in ((16, 1), (MEGABYTES, ROUNDS)):  # the first, of two parts, warms up
        found = []
        for pair in pairs:
            times = [], []
            for _ in range(rounds):
                for call, taken in zip(pair, times):
                    began = time.perf_counter()
                    await call(count)
                    taken.append(time.perf_counter() - began)
            found.append(times)
    await stop_storage()
    print(json.dumps([found, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""

SERVER = '''
import asyncio
from contextlib import asynccontextmanager

from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from services.ws import manager

sockets = set()


@asynccontextmanager
async def lifespan(app):
    await manager.start_pubsub()
    yield
    await manager.stop_pubsub()


app = FastAPI(lifespan=lifespan)


@app.websocket("/ours/{client_id}")
async def ours(websocket: WebSocket, client_id: str):
    await manager.connect(websocket, client_id)
    try:
        while True:
            await websocket.receive_text()
    except WebSocketDisconnect:
        manager.disconnect(client_id)


@app.websocket("/bare/{client_id}")
async def bare(websocket: WebSocket, client_id: str):
    await websocket.accept()
    sockets.add(websocket)
    try:
        while True:
            await websocket.receive_text()
    except WebSocketDisconnect:
        sockets.discard(websocket)


@app.post("/send/ours")
async def send_ours():
    await manager.broadcast("message")


@app.post("/send/bare")
async def send_bare():
    await asyncio.gather(*(socket.send_text("message") for socket in sockets))
'''


class Load:
    """A project with the components, and the servers that they use."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.project = Projects(folder).make(*COMPONENTS)
        self.redis = RedisServer(folder)
        names = ("REDIS_URL", "ARQ_REDIS_URL", "TASKIQ_REDIS_URL")
        self.env = {name: self.redis.url(number) for number, name in enumerate(names)}
        self.env |= {"OTEL_TRACES_EXPORTER": "none", "RATELIMIT_REDIS_URL": ""}

    def run(self, code: str, **env: str) -> Any:
        """What the code prints, run in the project."""
        return json.loads(run_python(self.project, f"{COMPARE}\n{code}\nasyncio.run(main())\n", **{**self.env, **env}))

    def cache(self) -> Iterator[Row]:
        yield ("cache: set and get, redis-py", "µs", *self.run(CACHE))

    def enqueue(self) -> Iterator[Row]:
        yield ("enqueue, arq", "µs", *self.run(ARQ))
        yield ("enqueue with taskiq, XADD of redis-py", "µs", *self.run(TASKIQ))

    def middleware(self) -> Iterator[Row]:
        for module, name in (("metrics", "MetricsMiddleware"), ("ratelimit", "RateLimitMiddleware")):
            given = f"from services.{module} import {name} as Middleware\n"
            yield (f"a request, FastAPI without {name}", "µs", *self.run(given + MIDDLEWARE))

    def storage(self) -> Iterator[Row]:
        for backend, rounds in (("local", 5), ("s3", 1)):
            with s3_server(backend) as env:
                code = f"MEGABYTES, ROUNDS = {MEGABYTES}, {rounds}\n{STORAGE}"
                (up, down), peak = self.run(code, STORAGE_LOCAL_PATH=str(self.folder / "uploads"), **env)
            what = f"{MEGABYTES} MB %s, {'aiobotocore' if backend == 's3' else 'a file in a thread'}"
            yield (what % "up", "s", *up)
            yield (f"{what % 'down'} (peak of both: {peak:.0f} MB)", "s", *down)

    def broadcast(self) -> Iterator[Row]:
        (self.project / "load_app.py").write_text(textwrap.dedent(SERVER))
        server = Uvicorn(self.project, "load_app:app", "--ws", "websockets-sansio", "--log-level", "warning", **self.env)
        try:
            bare, ours = asyncio.run(broadcasts(server))
        finally:
            server.stop()
        yield f"broadcast to {SOCKETS} sockets, `gather` of Starlette's", "ms", bare, ours


@contextmanager
def s3_server(backend: str) -> Iterator[dict[str, str]]:
    """moto with a bucket, where it is for S3; yields the variables."""
    if backend == "local":
        yield {"STORAGE_BACKEND": "local"}
        return
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: port_answers(port), "moto's start", 60)
        httpx.put(f"{url}/load").raise_for_status()
        yield {
            "STORAGE_BACKEND": "s3", "STORAGE_S3_BUCKET": "load", "STORAGE_S3_ENDPOINT_URL": url,
            "STORAGE_S3_ACCESS_KEY": "key", "STORAGE_S3_SECRET_KEY": "secret",
        }  # fmt: skip
    finally:
        process.kill()
        process.wait()


async def broadcasts(server: Uvicorn) -> list[list[float]]:
    """Milliseconds until all have the message: without the module, and with it."""
    clients: dict[str, list[ClientConnection]] = {"bare": [], "ours": []}
    times: dict[str, list[float]] = {"bare": [], "ours": []}
    for kind, opened in clients.items():
        url = f"ws://127.0.0.1:{server.port}/{kind}"
        for first in range(0, SOCKETS, 50):
            opening = (connect(f"{url}/{first + n}", compression=None, ping_interval=None) for n in range(50))
            opened += await asyncio.gather(*opening)
    async with httpx.AsyncClient(timeout=60) as http:
        for _ in range(9):
            for kind, opened in clients.items():
                began = time.perf_counter()
                await http.post(f"{server.url}/send/{kind}")
                received = await asyncio.gather(*(client.recv() for client in opened))
                times[kind].append((time.perf_counter() - began) * 1e3)
                assert set(received) == {"message"}
    for client in clients["bare"] + clients["ours"]:
        client.transport.abort()
    return list(times.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = ("cache", "broadcast", "storage", "middleware", "enqueue")
    parser.add_argument("names", nargs="*", help=", ".join(names) + " (default: all)")
    chosen = parser.parse_args().names or names
    if unknown := {*chosen} - {*names}:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory() as folder:
        load = Load(Path(folder))
        try:
            print("| what, and the library alone | alone | ours | ratio |\n| --- | ---: | ---: | ---: |", flush=True)
            for name in chosen:
                measure: Callable[[], Iterator[Row]] = getattr(load, name)
                for what, unit, *times in measure():
                    bare, ours = map(statistics.median, times)
                    ratio = statistics.median(one / other for other, one in zip(*times, strict=True))
                    digits = 0 if bare >= 100 else 1 if bare >= 10 else 2
                    print(f"| {what} | {bare:.{digits}f} {unit} | {ours:.{digits}f} {unit} | {ratio:.2f} |", flush=True)
        finally:
            load.redis.stop()


if __name__ == "__main__":
    main()
