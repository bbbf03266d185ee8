"""`storage`: local files and S3 (moto's server), through the generated module."""

import array
import ast
import asyncio
import base64
import contextlib
import gc
import hashlib
import importlib
import io
import json
import logging
import os
import socket
import subprocess
import sys
import threading
import time
import tomllib
import traceback
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import aiofiles
import anyio
import boto3
import httpx
import pytest
import yaml
from conftest import TEMPLATES, Uvicorn, free_port, port_answers, run_python, wait_for
from fastapi import UploadFile
from pydantic import SecretStr
from seed_examples import storage as seeds

ACCESS_KEY = "live-access-key"
SECRET_KEY = "s3cr3t/of+the/live-tests"  # noqa: S105
BACKENDS = ["local", "s3"]
PART = 8 * 1024 * 1024

BAD_KEYS = [
    "",
    ".",
    "..",
    "../uploads-private/secret",
    "images/../../secret",
    "/etc/passwd",
    "images//photo.jpg",
    "images/./photo.jpg",
    "images/",
    "images\\photo.jpg",
    "C:/photo.jpg",
    "photo\x00.jpg",
    "photo\r\n.jpg",
    "é" * 513,
]

LIVE_APP = '''
from contextlib import asynccontextmanager

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import StreamingResponse

from services.storage import StorageDep, start_storage, stop_storage


@asynccontextmanager
async def lifespan(app):
    await start_storage()
    yield
    await stop_storage()


app = FastAPI(lifespan=lifespan)


@app.put("/files/{key:path}")
async def put(key: str, request: Request, storage: StorageDep):
    return {"url": await storage.upload(key, request.stream())}


@app.get("/files/{key:path}")
async def get(key: str, storage: StorageDep):
    try:
        return StreamingResponse(await storage.stream(key))
    except FileNotFoundError:
        raise HTTPException(404) from None
'''


@dataclass
class S3:
    """The moto server as boto3 sees it, without the module under test."""

    url: str
    client: Any

    def bucket(self) -> str:
        name = f"live-{uuid.uuid4().hex}"
        self.client.create_bucket(Bucket=name)
        return name

    def keys(self, bucket: str) -> list[str]:
        return [item["Key"] for item in self.client.list_objects_v2(Bucket=bucket).get("Contents", [])]

    def multipart_uploads(self, bucket: str) -> list[str]:
        return [item["Key"] for item in self.client.list_multipart_uploads(Bucket=bucket).get("Uploads", [])]

    def environment(self, bucket: str) -> dict[str, str]:
        return {
            "STORAGE_BACKEND": "s3",
            "STORAGE_S3_BUCKET": bucket,
            "STORAGE_S3_ENDPOINT_URL": self.url,
            "STORAGE_S3_ACCESS_KEY": ACCESS_KEY,
            "STORAGE_S3_SECRET_KEY": SECRET_KEY,
        }


@pytest.fixture(scope="module")
def s3() -> Iterator[S3]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: port_answers(port), "moto's start", 60)
        url = f"http://127.0.0.1:{port}"
        client = boto3.client(
            "s3",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
        )
        yield S3(url, client)
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def project(make_project: Callable[..., Path]) -> Path:
    path = make_project("storage")
    (path / "live_app.py").write_text(LIVE_APP)
    return path


@pytest.fixture
def module(project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ModuleType]:
    """The generated module, imported into this process; its local folder is `tmp_path/uploads`."""

    def forget() -> dict[str, ModuleType]:
        names = [name for name in sys.modules if name.partition(".")[0] in {"services", "settings"}]
        return {name: sys.modules.pop(name) for name in names}

    others = forget()
    for name in [name for name in os.environ if name.startswith(("STORAGE_", "AWS_"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(project))
    module = importlib.import_module("services.storage")
    module.settings.storage_local_path = str(tmp_path / "uploads")
    yield module
    forget()
    sys.modules.update(others)


def use_s3(module: ModuleType, bucket: str, url: str) -> None:
    settings = module.settings
    settings.storage_backend = "s3"
    settings.storage_s3_bucket = bucket
    settings.storage_s3_endpoint_url = url
    settings.storage_s3_access_key = SecretStr(ACCESS_KEY)
    settings.storage_s3_secret_key = SecretStr(SECRET_KEY)


@pytest.fixture
async def storage(module: ModuleType, request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    """The started storage of the backend that the test asks for by `indirect` parameters."""
    if request.param == "s3":
        s3 = request.getfixturevalue("s3")
        use_s3(module, s3.bucket(), s3.url)
    await module.start_storage()
    yield module.get_storage()
    await module.stop_storage()


both = pytest.mark.parametrize("storage", BACKENDS, indirect=True)
only_s3 = pytest.mark.parametrize("storage", ["s3"], indirect=True)
only_local = pytest.mark.parametrize("storage", ["local"], indirect=True)


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


async def collect(chunks: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])


# What must be shown.


@both
async def test_round_trip(storage: Any) -> None:
    """'round trip on both backends with a unicode key and an empty file'"""
    for key, data in {"bilder/größe 日本 €+%&?#.png": b"\x00\xffdata", "empty.txt": b"", "a": b"A"}.items():
        assert not await storage.exists(key)
        await storage.upload(key, data)
        assert await storage.exists(key)
        assert await storage.download(key) == data
        assert await collect(await storage.stream(key, chunk_size=3)) == data
        await storage.upload(key, b"replaced")
        assert await storage.download(key) == b"replaced"
        await storage.delete(key)
        assert not await storage.exists(key)
        await storage.delete(key)
        for read in (storage.download, storage.stream):
            with pytest.raises(FileNotFoundError) as missing:
                await read(key)
            assert missing.value.filename == key


@pytest.mark.parametrize("backend", BACKENDS)
async def test_bad_keys(backend: str, module: ModuleType, tmp_path: Path) -> None:
    """'14 bad keys x 4 methods' (and the two others), on each backend, before anything is read or sent"""
    private = tmp_path / "uploads-private" / "secret"
    private.parent.mkdir()
    private.write_text("private")
    (tmp_path / "secret").write_text("private")
    if backend == "s3":
        use_s3(module, "bucket", f"http://127.0.0.1:{free_port()}")
    await module.start_storage()
    storage = module.get_storage()
    calls: dict[str, Callable[[str], Any]] = {
        "upload": lambda key: storage.upload(key, b"bad"),
        "download": storage.download,
        "delete": storage.delete,
        "exists": storage.exists,
        "stream": storage.stream,
        "presigned_url": storage.presigned_url,
    }
    refused = []
    for key in [*BAD_KEYS, "\udcff", "\x85"]:
        for name, call in calls.items():
            with pytest.raises(module.InvalidKeyError) as error:
                await call(key)
            assert isinstance(error.value, ValueError)
            assert str(error.value).isprintable()
            refused.append((key, name))
    await module.stop_storage()
    assert len(BAD_KEYS) == len(set(BAD_KEYS)) == 14
    assert len(refused) == 16 * 6
    assert files(tmp_path) == ["secret", "uploads-private/secret"]


@only_local
async def test_symbolic_links(storage: Any, module: ModuleType, tmp_path: Path) -> None:
    """'a symbolic link' that leads out of the folder is refused by every method; one inside is followed"""
    outside = tmp_path / "uploads-private"
    outside.mkdir()
    (outside / "secret").write_text("private")
    root = tmp_path / "uploads"
    (root / "folder").symlink_to(outside)
    (root / "file").symlink_to(outside / "secret")
    (root / "inside").symlink_to(root / "target")
    for key in ("folder/secret", "folder/new", "file"):
        for call in (storage.download, storage.delete, storage.exists, storage.stream):
            with pytest.raises(module.InvalidKeyError, match="folder"):
                await call(key)
        with pytest.raises(module.InvalidKeyError):
            await storage.upload(key, b"bad")
    assert files(outside) == ["secret"]
    assert (outside / "secret").read_text() == "private"
    await storage.upload("inside", b"followed")
    assert (root / "target").read_bytes() == b"followed"


@both
async def test_kinds_of_data(storage: Any, tmp_path: Path) -> None:
    """'bytes, file, generator', each short and longer than a part"""
    for size in (1000, PART, PART + 1, 2 * PART + 12345):
        data = os.urandom(size)
        path = tmp_path / "source"
        path.write_bytes(data)

        def pieces(data: bytes = data) -> Iterator[bytes]:
            for start in range(0, len(data), 3_000_000):
                yield data[start : start + 3_000_000]
                yield b""

        async def async_pieces(data: bytes = data) -> AsyncIterator[bytes]:
            yield data[:1]
            await asyncio.sleep(0)
            yield data[1:]

        with path.open("rb") as file, path.open("rb") as second:
            async with aiofiles.open(path, "rb") as async_file:
                sources = {
                    "bytes": data,
                    "bytearray": bytearray(data),
                    "memoryview": memoryview(data),
                    "file": file,
                    "BytesIO": io.BytesIO(data),
                    "UploadFile": UploadFile(second),
                    "aiofiles": async_file,
                    "generator": pieces(),
                    "list": [data[:7], data[7:]],
                    "async generator": async_pieces(),
                }
                if size != PART + 1:  # one long size for all is enough
                    sources = {name: sources[name] for name in ("bytes", "file", "async generator")}
                for name, source in sources.items():
                    await storage.upload(f"kinds/{name}", source)
                    assert await storage.download(f"kinds/{name}") == data, (name, size)


@both
async def test_data_that_is_not_bytes(storage: Any) -> None:
    """Text and other values are refused by name, and nothing is stored; an array of numbers is its bytes."""
    for wrong in ("text", io.StringIO("text"), ["text"], [1, 2], 7, None):
        with pytest.raises(TypeError):
            await storage.upload("wrong", wrong)
    assert not await storage.exists("wrong")
    numbers = array.array("I", range(100))
    await storage.upload("numbers", memoryview(numbers))
    assert await storage.download("numbers") == numbers.tobytes()


class Broken:
    """An upload that breaks after more than a part, in one of the ways that uploads break."""

    def __init__(self, begun: Callable[[], None], failed: Callable[[], None]) -> None:
        self.begun = begun
        self.failed = failed

    async def source(self, last: Callable[[], Any]) -> AsyncIterator[bytes]:
        yield b"x" * (2 * PART)
        self.begun()
        await last()
        yield b"never"

    async def run(self, storage: Any) -> None:
        async def fail() -> None:
            raise OSError("the source is gone")

        async def cancel(what: Any) -> None:
            what.cancel()
            await asyncio.sleep(30)

        with pytest.raises(OSError, match="the source is gone"):
            await storage.upload("broken/file.bin", self.source(fail))
        self.failed()
        task = asyncio.create_task(storage.upload("broken/file.bin", self.source(lambda: cancel(task))))
        with pytest.raises(asyncio.CancelledError):
            await task
        with anyio.CancelScope() as scope:  # cancels again and again, unlike asyncio
            await storage.upload("broken/file.bin", self.source(lambda: cancel(scope)))
        assert scope.cancelled_caught


@only_local
async def test_broken_upload_local(storage: Any, tmp_path: Path) -> None:
    """'a broken upload leaves nothing': neither a temporary file nor a folder nor half of an object"""
    root = tmp_path / "uploads"
    begun, failed = [], []
    broken = Broken(lambda: begun.append(files(root)), lambda: failed.append(files(root)))
    await broken.run(storage)
    assert [len(names) for names in begun] == [1, 1, 1]  # the temporary file was there
    assert failed == [[]]
    assert list(root.iterdir()) == []
    await storage.upload("broken/file.bin", b"before")
    await broken.run(storage)
    assert await storage.download("broken/file.bin") == b"before"
    assert files(root) == ["broken/file.bin"]


@only_local
async def test_cancelled_while_the_file_is_made(storage: Any, tmp_path: Path) -> None:
    """'a broken upload leaves nothing', even if it is cancelled while its temporary file is being opened"""
    loop = asyncio.get_running_loop()
    opened = []

    def cancel_then(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and str(arguments[0]).startswith(str(tmp_path)) and not opened:
            opened.append(arguments[0])
            loop.call_soon_threadsafe(task.cancel)
            time.sleep(0.2)

    sys.addaudithook(cancel_then)
    task = asyncio.create_task(storage.upload("cancelled", b"x" * PART))
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0.4)  # for what a thread might still do
    assert opened
    assert list((tmp_path / "uploads").iterdir()) == []


@only_s3
async def test_broken_upload_s3(storage: Any, s3: S3, module: ModuleType) -> None:
    """'a broken upload leaves nothing': no object and no part of a multipart upload"""
    bucket = storage.bucket
    begun, failed = [], []
    broken = Broken(
        lambda: begun.append(s3.multipart_uploads(bucket)), lambda: failed.append(s3.multipart_uploads(bucket))
    )
    await broken.run(storage)
    assert begun == [["broken/file.bin"]] * 3
    assert failed == [[]]  # the parts are gone when the caller sees the error
    await module.stop_storage()  # lets aborts in the background come to their end
    assert s3.multipart_uploads(bucket) == []
    assert s3.keys(bucket) == []


@only_s3
async def test_cancelled_before_the_first_part(
    storage: Any, s3: S3, module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """'a broken upload leaves nothing', even if it is cancelled before S3 has told the upload's id"""
    client = await storage._client()
    create = client.create_multipart_upload
    asked = asyncio.Event()

    async def slow_create(**arguments: Any) -> Any:
        answer = await create(**arguments)
        asked.set()
        await asyncio.sleep(0.2)
        return answer

    monkeypatch.setattr(client, "create_multipart_upload", slow_create)
    task = asyncio.create_task(storage.upload("cancelled", b"x" * (2 * PART)))
    await asked.wait()
    assert s3.multipart_uploads(storage.bucket) == ["cancelled"]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await module.stop_storage()
    assert s3.multipart_uploads(storage.bucket) == []


def peak_memory(process: int) -> int:
    """The most memory that the process has had at once, in MB."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) // 1024


@pytest.mark.parametrize("backend", [pytest.param("local", marks=pytest.mark.long), "s3"])
def test_300_mb(
    backend: str, project: Path, serve: Callable[..., Uvicorn], s3: S3, tmp_path: Path, record_property: Any
) -> None:
    """'300 MB up and down with bounded memory (233 MB for the whole application was seen)'"""
    environment = {"STORAGE_LOCAL_PATH": str(tmp_path / "uploads")}
    if backend == "s3":
        environment = s3.environment(s3.bucket())
    app = serve(project, "live_app:app", "--log-level", "warning", **environment)
    idle = peak_memory(app.process.pid)
    block = os.urandom(1024 * 1024)
    sent, received = hashlib.blake2b(), hashlib.blake2b()

    def blocks() -> Iterator[bytes]:
        for number in range(300):
            piece = number.to_bytes(4, "big") + block[4:]
            sent.update(piece)
            yield piece

    began = time.monotonic()
    with httpx.Client(base_url=app.url, timeout=120) as client:
        client.put("/files/large.bin", content=blocks()).raise_for_status()
        up = time.monotonic()
        with client.stream("GET", "/files/large.bin") as response:
            assert response.status_code == 200
            for piece in response.iter_bytes():
                received.update(piece)
        down = time.monotonic()
        assert client.get("/files/missing.bin").status_code == 404
    peak = peak_memory(app.process.pid)
    figures = f"{backend}: up {up - began:.1f} s, down {down - up:.1f} s, idle {idle} MB, peak {peak} MB"
    record_property("storage_300_mb", figures)
    print(figures)
    assert received.digest() == sent.digest()
    assert peak < 233
    assert peak - idle < 100
    assert app.stop() == ""
    if backend == "s3":
        s3.client.delete_object(Bucket=environment["STORAGE_S3_BUCKET"], Key="large.bin")


# Life cycle, settings, errors.


async def test_unreachable(module: ModuleType) -> None:
    """'`exists` maps only 404 to False: an unreachable endpoint raises', soon and without a secret"""
    use_s3(module, "bucket", f"http://127.0.0.1:{free_port()}")
    await module.start_storage()  # an outage does not keep the application from starting
    began = time.monotonic()
    with pytest.raises(Exception, match="Could not connect") as error:
        await module.get_storage().exists("key")
    assert time.monotonic() - began < 10
    assert SECRET_KEY not in "".join(traceback.format_exception(error.value))
    await module.stop_storage()


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[str]:
    """A server that gives the same raw answer to every request; yields its URL."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 " + answer)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize("status", [b"403 Forbidden", b"500 Internal Server Error"])
async def test_exists_raises_what_is_not_404(status: bytes, module: ModuleType) -> None:
    """'`exists` maps only 404 to False'"""
    async with answering(status + b"\r\nContent-Length: 0\r\n\r\n") as url:
        use_s3(module, "bucket", url)
        with pytest.raises(Exception, match=status[:3].decode()):
            await module.get_storage().exists("key")
        await module.stop_storage()


async def test_download_that_ends_early(module: ModuleType) -> None:
    """An answer that breaks off is an error, never a short object"""
    async with answering(b"200 OK\r\nContent-Length: 100\r\n\r\nonly a part") as url:
        use_s3(module, "bucket", url)
        storage = module.get_storage()
        with pytest.raises(Exception, match="(?i)incomplete|not enough data"):
            await storage.download("key")
        with pytest.raises(Exception, match="(?i)incomplete|not enough data"):
            await collect(await storage.stream("key"))
        await module.stop_storage()


@only_s3
async def test_missing_bucket(storage: Any, s3: S3, module: ModuleType) -> None:
    """A bucket that is not there is not mistaken for a missing object"""
    use_s3(module, "no-such-bucket", s3.url)
    other = module.get_storage()
    for call in (other.download("key"), other.upload("key", b"data"), other.upload("key", bytes(PART + 1))):
        with pytest.raises(Exception, match="NoSuchBucket"):
            await call


@only_s3
async def test_abort_that_fails(
    storage: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The first error is what the caller sees; that parts may remain is in the log"""

    async def fail(**arguments: Any) -> None:
        raise ConnectionError("S3 is gone")

    client = await storage._client()
    monkeypatch.setattr(client, "upload_part", fail)
    monkeypatch.setattr(client, "abort_multipart_upload", fail)
    with pytest.raises(ConnectionError, match="S3 is gone"):
        await storage.upload("large", bytes(PART + 1))
    assert "Parts of the upload of 'large' may remain" in caplog.text


@only_s3
async def test_no_secret_in_logs(
    storage: Any, s3: S3, module: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    """No password in an error or log line of a module (issue 3, 4), whatever the level of the log"""
    caplog.set_level(logging.DEBUG)
    await storage.upload("key", b"data")
    await storage.upload("large", bytes(PART + 1))
    await storage.exists("other")
    url = await storage.presigned_url("key")
    use_s3(module, "no-such-bucket", s3.url)
    with pytest.raises(Exception, match="NoSuchBucket") as error:
        await module.get_storage().upload("key", b"data")
    assert len(caplog.records) > 10
    trace = "".join(traceback.format_exception(error.value))
    for text in (caplog.text, trace, url, repr(storage), str(module.settings)):
        assert SECRET_KEY not in text
    assert ACCESS_KEY not in repr(storage)


async def test_settings(module: ModuleType, tmp_path: Path) -> None:
    """'bucket required for s3, validated at start'; empty means not set; errors name the variable only"""
    settings = module.settings

    async def refused() -> str:
        with pytest.raises(module.StorageError) as error:
            await module.start_storage()
        assert "hunter2" not in str(error.value)
        return str(error.value)

    settings.storage_backend = "s3"
    assert "STORAGE_S3_BUCKET" in await refused()
    settings.storage_s3_bucket = "bucket"
    settings.storage_s3_secret_key = SecretStr("hunter2")
    assert "STORAGE_S3_ACCESS_KEY" in await refused()
    settings.storage_s3_secret_key, settings.storage_s3_access_key = SecretStr(""), SecretStr("hunter2")
    assert "STORAGE_S3_SECRET_KEY" in await refused()
    settings.storage_s3_access_key = SecretStr("")
    for url in ("http://user:hunter2@minio:9000", "hunter2", "ftp://minio", "http://"):
        settings.storage_s3_endpoint_url = url
        assert "STORAGE_S3_ENDPOINT_URL" in await refused()
    settings.storage_s3_endpoint_url = settings.storage_s3_region = ""
    await module.start_storage()
    storage = module.get_storage()
    assert (storage.region, storage.endpoint_url) == ("us-east-1", None)
    assert (storage.access_key, storage.secret_key) == (None, None)
    await module.stop_storage()
    settings.storage_backend, settings.storage_local_path = "local", ""
    assert await module.get_storage().upload("key", b"data") == "key"
    assert files(tmp_path) == ["uploads/key"]


def test_application_without_bucket(project: Path) -> None:
    """'bucket required for s3, validated at start': the application does not start, and says why"""
    done = subprocess.run(
        [sys.executable, "-m", "uvicorn", "live_app:app", "--port", str(free_port())],
        cwd=project,
        env={**os.environ, "STORAGE_BACKEND": "s3", "STORAGE_S3_SECRET_KEY": SECRET_KEY},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode != 0
    assert "StorageError: STORAGE_S3_BUCKET is not set" in done.stderr
    assert SECRET_KEY not in done.stdout + done.stderr


@both
async def test_life_cycle(storage: Any, module: ModuleType) -> None:
    """Stopping what never started is harmless; start after stop works again; so does a storage kept since"""
    await module.stop_storage()
    await module.stop_storage()
    await module.start_storage()
    await storage.upload("key", b"data")
    assert await module.get_storage().download("key") == b"data"
    await module.stop_storage()
    assert await storage.exists("key")


@only_s3
async def test_one_client(storage: Any, module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """'One S3 client for the application's life', also when the first calls come at the same time"""
    await module.stop_storage()
    opened = []
    connect = module._connect

    @asynccontextmanager
    async def slow_connect(config: Any) -> AsyncIterator[Any]:
        opened.append(config)
        await asyncio.sleep(0.01)
        async with connect(config) as client:
            yield client

    monkeypatch.setattr(module, "_connect", slow_connect)
    await asyncio.gather(*(module.get_storage().exists(f"key{number}") for number in range(10)))
    assert opened == [storage]


def test_event_loops(project: Path, s3: S3) -> None:
    """Clients belong to one event loop: each loop opens and closes its own, forgotten ones do no harm"""
    code = """
import asyncio, gc, sys, threading, warnings
warnings.simplefilter("error", ResourceWarning)
unclosed = []
sys.unraisablehook = unclosed.append
from services import storage as module

async def use(key):
    storage = module.get_storage()
    await storage.upload(key, key.encode())
    return await storage.download(key)

async def main():
    await module.start_storage()
    first = await module.get_storage()._client()
    results = []
    def other():
        async def run():
            results.append(await use("other"))
            assert await module.get_storage()._client() is not first
            await module.stop_storage()
        asyncio.run(run())
    thread = threading.Thread(target=other)
    thread.start()
    while thread.is_alive():
        assert await use("main") == b"main"
    assert results == [b"other"]
    assert await module.get_storage()._client() is first
    await module.stop_storage()
    await asyncio.sleep(0)
    assert not module._loop_states

asyncio.run(main())
gc.collect()
assert not unclosed, unclosed
warnings.simplefilter("ignore")
asyncio.run(use("a"))  # never stopped
asyncio.run(use("b"))
assert len(module._loop_states) == 1
print("done")
"""
    assert run_python(project, code, **s3.environment(s3.bucket())).endswith("done\n")


@only_s3
async def test_urls_and_content_types(storage: Any, s3: S3) -> None:
    """`upload` returns the URL of the object; a presigned one opens it for anyone, as the type it has"""
    key = "images/photo größe.jpg"
    url = await storage.upload(key, b"jpeg")
    assert url == f"{s3.url}/{storage.bucket}/images/photo%20gr%C3%B6%C3%9Fe.jpg"
    async with httpx.AsyncClient() as client:
        answer = await client.get(await storage.presigned_url(key, expires_in=60))
    assert (answer.status_code, answer.content) == (200, b"jpeg")
    types = {}
    for name, content_type in {"a.txt": None, "b.unknown": None, "c.jpg": "image/x-own"}.items():
        for size in (1, PART + 1):
            await storage.upload(name, bytes(size), content_type=content_type)
            types[name, size > PART] = s3.client.head_object(Bucket=storage.bucket, Key=name)["ContentType"]
    assert [types[name, False] for name in ("a.txt", "b.unknown", "c.jpg")] == [
        "text/plain",
        "application/octet-stream",
        "image/x-own",
    ]
    assert all(types[name, False] == types[name, True] for name, _ in types)


@only_local
async def test_local_files(storage: Any, tmp_path: Path) -> None:
    """Locally `upload` returns the key, files have the usual mode, and a folder is no object"""
    assert await storage.upload("a/b.txt", b"data") == "a/b.txt"
    ordinary = tmp_path / "ordinary"
    ordinary.touch()
    assert (tmp_path / "uploads/a/b.txt").stat().st_mode == ordinary.stat().st_mode
    for key in ("a", "a/b.txt/c"):
        assert not await storage.exists(key)
        await storage.delete(key)
        with pytest.raises(FileNotFoundError) as error:
            await storage.download(key)
        assert str(tmp_path) not in str(error.value)
    assert await storage.exists("a/b.txt")
    with pytest.raises(NotImplementedError):
        await storage.presigned_url("a/b.txt")
    with pytest.raises(ValueError, match="too long"):
        await storage.exists("x" * 256)
    await storage.upload("x" * 255, b"data")


@only_local
async def test_replaced_as_a_whole(storage: Any) -> None:
    """'Local writes go to a temporary file, then `os.replace`': a reader never sees half an object"""
    contents = [bytes([number]) * 600_000 for number in range(2)]
    await storage.upload("key", contents[0])
    done = threading.Event()

    async def read() -> int:
        seen = 0
        while not done.is_set():
            assert await storage.download("key") in contents
            seen += 1
        return seen

    reader = asyncio.create_task(read())
    for number in range(60):
        await storage.upload("key", contents[number % 2])
    done.set()
    assert await reader > 5


@only_s3
async def test_a_source_that_blocks(storage: Any) -> None:
    """A file or generator that blocks does not hold up the event loop"""

    def slow() -> Iterator[bytes]:
        time.sleep(0.5)
        yield b"data"

    class SlowFile(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            time.sleep(0.5)
            return super().read(size)

    for source in (slow(), SlowFile(b"data")):
        task = asyncio.create_task(storage.upload("key", source))
        began = time.monotonic()
        await asyncio.sleep(0.05)
        assert time.monotonic() - began < 0.4
        await task


# The seeds, the service, the next steps.


@both
async def test_seed_usage(storage: Any) -> None:
    """The usage block of `infrastructure.md` runs as printed, the module path aside"""
    code = seeds.USAGE.replace("from core.", "from services.")
    names: dict[str, Any] = {"file_data": b"jpeg"}
    compiled = compile(code, "seed", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    await eval(compiled, names)  # noqa: S307
    assert names["url"].endswith("images/photo.jpg")
    assert names["data"] == b"jpeg"
    assert names["exists"] is False


def test_seed_environment(project: Path, tmp_path: Path) -> None:
    """The environment of "MinIO Testing" chooses that MinIO"""
    (tmp_path / ".env").write_text(seeds.ENVIRONMENT)
    code = f"""
import os
os.chdir({str(tmp_path)!r})
from services.storage import get_storage
storage = get_storage()
print(storage.bucket, storage.endpoint_url, storage.access_key.get_secret_value(), repr(storage))
"""
    output = run_python(project, code)
    assert output.startswith("my-bucket http://localhost:9000 minioadmin S3Storage(")
    assert output.count("minioadmin") == 1


def test_seed_examples_are_counted() -> None:
    """Every block of the seeds' section is run or listed with the reason why not"""
    assert len(seeds.RUN) == 2
    assert len(seeds.LEFT_OUT) == 2


def test_service() -> None:
    """MinIO is published on 127.0.0.1 only (issue 3, 4), pinned, checked, and its volume is declared"""
    manifest = tomllib.loads((TEMPLATES / "storage/component.toml").read_text())
    body = yaml.safe_load((TEMPLATES / "storage/compose.yml").read_text())["minio"]
    assert body["image"] == "quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z"
    assert body["ports"] == ["127.0.0.1:9000:9000", "127.0.0.1:9001:9001"]
    assert body["healthcheck"]["test"] == ["CMD", "mc", "ready", "local"]
    assert [volume.split(":")[0] for volume in body["volumes"]] == manifest["service"][0]["volumes"]
    # A folder below /data is a bucket; the next steps name this one.
    assert body["command"][0].startswith("mkdir -p /data/uploads && exec minio server /data")
    assert "STORAGE_S3_BUCKET\") }}=uploads" in (TEMPLATES / "storage/next_steps.txt.jinja").read_text()
    assert manifest["environment"][0]["condition"] == "service_healthy"
    assert manifest["ignore"] == [{"line": "uploads/"}]


@pytest.mark.parametrize("compose", [True, False])
def test_next_steps(next_steps: Callable[..., str], compose: bool) -> None:
    """The next steps set variables that exist, and name the service only where there is one"""
    manifest = tomllib.loads((TEMPLATES / "storage/component.toml").read_text())
    text = next_steps("storage", "upper", compose=compose)
    set_there = {line.split("=")[0].strip() for line in text.splitlines() if "   STORAGE_" in line}
    assert len(set_there) >= 4
    assert set_there <= {setting["name"] for setting in manifest["setting"]}
    assert ("docker compose up -d minio" in text) == compose
    assert "from app.services.storage import get_storage" in text
    assert "\n\n\n" not in text
    assert all(line == line.rstrip() for line in text.splitlines())


# Connections, ranges, abandoned work.


@asynccontextmanager
async def slow_downloads(length: int) -> AsyncIterator[str]:
    """A server whose objects never come to their end, and whose heads come at once; yields its URL."""
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nLast-Modified: Sat, 21 Nov 2026 08:00:00 GMT\r\nETag: \"e\"\r\n\r\n"

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                request = await reader.readuntil(b"\r\n\r\n")
                writer.write(head.encode())
                if request.startswith(b"GET"):
                    writer.write(b"x" * 1000)
                await writer.drain()
        writer.close()

    async with await asyncio.start_server(handle, "127.0.0.1", 0, backlog=2000) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_open_downloads_leave_room(module: ModuleType) -> None:
    """60 downloads that do not end keep no other call from its answer"""
    async with slow_downloads(3_000_000) as url:
        use_s3(module, "bucket", url)
        storage = module.get_storage()
        streams = [await storage.stream(f"key{number}") for number in range(60)]
        for stream in streams:
            assert await anext(stream)
        assert await asyncio.wait_for(storage.exists("key"), 5)
        for stream in streams:
            await stream.aclose()
        await module.stop_storage()


async def test_waiting_for_a_connection_ends(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where all connections are in use, a call fails after a while; it works again when one is free"""
    monkeypatch.setattr(module, "MAX_CONNECTIONS", 3)
    monkeypatch.setattr(module, "CONNECTION_WAIT", 0.3)
    async with slow_downloads(3_000_000) as url:
        use_s3(module, "bucket", url)
        storage = module.get_storage()
        streams = [await storage.stream(f"key{number}") for number in range(3)]
        for call in (storage.exists("key"), storage.stream("key"), storage.upload("key", b"data")):
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(call, 3)
        await anext(streams[0])
        await streams[0].aclose()
        assert await storage.exists("key")
        del streams
        gc.collect()
        await module.stop_storage()


async def test_streams_that_never_start(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """A route that raises after `stream()` gives the connection back: 50 of them on a pool of 5"""
    monkeypatch.setattr(module, "MAX_CONNECTIONS", 5)
    monkeypatch.setattr(module, "CONNECTION_WAIT", 1.0)
    async with slow_downloads(3_000_000) as url:
        use_s3(module, "bucket", url)
        storage = module.get_storage()

        async def route() -> None:
            await storage.stream("key")
            raise PermissionError

        for _ in range(50):
            with pytest.raises(PermissionError):
                await route()
        assert await storage.exists("key")
        await module.stop_storage()


@only_local
async def test_streams_that_never_start_close_their_file(storage: Any) -> None:
    """The same locally: no file stays open"""
    await storage.upload("key", b"data")
    opened = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        await storage.stream("key")
    assert len(os.listdir("/proc/self/fd")) == opened


@both
async def test_ranges_and_info(storage: Any) -> None:
    """A part of an object, and what is known of it without reading it"""
    await storage.upload("a/b.txt", bytes(range(100)))
    for offset, length in ((0, None), (10, None), (0, 10), (10, 20), (90, 10), (0, 100)):
        expected = bytes(range(100))[offset : None if length is None else offset + length]
        for chunk_size in (7, 1000):
            part = await storage.stream("a/b.txt", offset=offset, length=length, chunk_size=chunk_size)
            assert await collect(part) == expected
    info = await storage.info("a/b.txt")
    assert (info.size, info.content_type) == (100, "text/plain")
    assert abs(info.modified.timestamp() - time.time()) < 60
    await storage.upload("a/b.txt", b"other")
    assert (await storage.info("a/b.txt")).etag != info.etag
    with pytest.raises(FileNotFoundError):
        await storage.info("missing")


@both
async def test_an_iterator_that_gives_none(storage: Any) -> None:
    """`None` among the blocks is an error, not the end of the object"""
    with pytest.raises(TypeError, match="NoneType"):
        await storage.upload("key", iter([b"first", None, b"last"]))
    assert not await storage.exists("key")


@only_local
async def test_folders_come_and_go(storage: Any, tmp_path: Path) -> None:
    """A folder goes with its last object, so that its name is free; a key is never both"""
    await storage.upload("a/b/c", b"data")
    with pytest.raises(ValueError, match="folder of others"):
        await storage.upload("a", b"data")
    await storage.upload("a/d", b"data")
    await storage.delete("a/b/c")
    assert files(tmp_path / "uploads") == ["a/d"]
    await storage.delete("a/d")
    assert list((tmp_path / "uploads").iterdir()) == []
    await storage.upload("a", b"data")
    with pytest.raises(ValueError, match="folder of others"):
        await storage.upload("a/b", b"data")
    assert await storage.download("a") == b"data"
    assert files(tmp_path / "uploads") == ["a"]


@only_local
async def test_uploads_beside_deletes(storage: Any) -> None:
    """An upload into a folder that a delete is taking away does not fail"""
    async def churn(number: int) -> None:
        for _ in range(40):
            await storage.upload(f"same/folder/{number}", b"data")
            await storage.delete(f"same/folder/{number}")

    await asyncio.gather(*(churn(number) for number in range(4)))


@only_local
async def test_what_a_killed_upload_leaves(storage: Any, module: ModuleType, tmp_path: Path) -> None:
    """A SIGKILL leaves a `.part` file: the next start takes it away once it is a day old"""
    root = tmp_path / "uploads"
    old, new, other = (root / name for name in (f".{'0' * 32}.part", f".{'1' * 32}.part", "mine.part"))
    for path in (old, new, other):
        path.write_bytes(b"half")
    for path in (old, other):
        os.utime(path, (time.time() - 90_000, time.time() - 90_000))
    await module.start_storage()
    assert files(root) == sorted([new.name, other.name])


@only_s3
async def test_expiry_of_signed_urls(storage: Any) -> None:
    """What S3 would refuse when the URL is used is refused when it is made"""
    for seconds in (0, -5, 604_801, 10**9):
        with pytest.raises(ValueError, match="expires_in"):
            await storage.presigned_url("key", expires_in=seconds)
        with pytest.raises(ValueError, match="expires_in"):
            await storage.presigned_upload("key", max_bytes=1, expires_in=seconds)


@only_s3
async def test_what_is_served_as_what(storage: Any) -> None:
    """A signed URL saves the object instead of showing it, unless it is asked to show it"""
    await storage.upload("evil größe.html", b"<script>")
    async with httpx.AsyncClient() as client:
        saved = await client.get(await storage.presigned_url("evil größe.html"))
        shown = await client.get(await storage.presigned_url("evil größe.html", inline=True))
    assert saved.headers["content-disposition"] == "attachment; filename*=UTF-8''evil%20gr%C3%B6%C3%9Fe.html"
    assert shown.headers["content-disposition"] == "inline"


@only_s3
async def test_upload_by_a_browser(storage: Any, s3: S3) -> None:
    """A signed form uploads one object, of that type"""
    form = await storage.presigned_upload("avatars/me.png", max_bytes=1000, content_type="image/png")
    async with httpx.AsyncClient() as client:
        answer = await client.post(form.url, data=form.fields, files={"file": b"png"})
    assert answer.status_code in (200, 204), answer.text
    assert await storage.download("avatars/me.png") == b"png"
    policy = json.loads(base64.b64decode(form.fields["policy"]))
    assert ["content-length-range", 0, 1000] in policy["conditions"]
    assert {"Content-Type": "image/png"} in policy["conditions"]


@only_s3
async def test_public_url(storage: Any, module: ModuleType, s3: S3) -> None:
    """Compose reaches MinIO by a name that no browser knows: signed URLs are below the public one"""
    module.settings.storage_s3_public_url = s3.url.replace("127.0.0.1", "localhost") + "/"
    public = module.get_storage()
    url = await public.upload("key", b"data")
    assert url == f"{s3.url.replace('127.0.0.1', 'localhost')}/{storage.bucket}/key"
    signed = await public.presigned_url("key")
    assert signed.startswith(f"{url}?")
    async with httpx.AsyncClient() as client:
        assert (await client.get(signed)).content == b"data"
    form = await public.presigned_upload("key", max_bytes=10)
    assert "//localhost:" in form.url


@both
async def test_check(storage: Any, module: ModuleType, tmp_path: Path) -> None:
    """`check_storage()` tells whether the storage can be used, within its time"""
    await module.check_storage()
    settings = module.settings
    if settings.storage_backend == "local":
        (tmp_path / "file").touch()
        settings.storage_local_path = str(tmp_path / "file")
        with pytest.raises(OSError, match="file"):
            await module.check_storage()
        return
    settings.storage_s3_bucket = "no-such-bucket"
    with pytest.raises(Exception, match="404"):
        await module.check_storage()
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections and never answers
        settings.storage_s3_endpoint_url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        began = time.monotonic()
        with pytest.raises(asyncio.TimeoutError):
            await module.check_storage(0.5)
        assert time.monotonic() - began < 3
        await module.stop_storage()
