"""The `mongodb` component, with the real driver, against a server that speaks MongoDB's protocol: `mongodb_support.py` says which."""

import ast
import asyncio
import gc
import json
import logging
import os
import statistics
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import yaml
from bson import ObjectId
from conftest import TEMPLATES, Projects, Uvicorn, free_port, paxx
from mongodb_support import MongoServer
from pydantic import BaseModel
from pymongo import AsyncMongoClient, IndexModel
from pymongo.errors import (
    AutoReconnect,
    ConnectionFailure,
    DuplicateKeyError,
    NetworkTimeout,
    OperationFailure,
    ServerSelectionTimeoutError,
)
from postgis_support import Cluster
from redis_support import imported, run_block

PASSWORD = "s3cr3t-w0rd"

# As somebody would add it to the application that `paxx` bootstraps.
BOOKS = """\

from pydantic import BaseModel
from services.mongo import Collection, IndexModel, MongoDependency


class Book(BaseModel):
    id: str | None = None
    title: str


books = Collection("books", Book, [IndexModel("title", unique=True)])


@app.post("/books")
async def add_book(book: Book) -> Book:
    return await books.insert(book)


@app.get("/books/{key}")
async def read_book(key: str) -> Book | None:
    return await books.get(key)


@app.get("/books")
async def count_books(database: MongoDependency) -> int:
    return await database["books"].count_documents({})
"""


class Kind(Enum):
    NOVEL = "novel"


class Book(BaseModel):
    id: str | None = None
    title: str
    copies: int = 1


class Everything(BaseModel):
    id: UUID
    price: Decimal = Decimal("12345678901234567.90")
    day: date = date(2026, 1, 2)
    at: datetime = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=timezone.utc)
    wait: timedelta = timedelta(minutes=3)
    kind: Kind = Kind.NOVEL
    other: UUID = UUID(int=7)
    raw: bytes = b"\x00\xff"
    tags: set[str] = {"a", "ü"}
    inner: list[Book] = [Book(title="Emma")]
    nothing: str | None = None


@pytest.fixture
def own_mongod(tmp_path: Path) -> Iterator[MongoServer]:
    server = MongoServer(tmp_path)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def project(projects: Projects) -> Path:
    made = projects.make("mongodb")
    paxx(made, "check")
    return made


@asynccontextmanager
async def loaded(project: Path, url: str, **env: str) -> AsyncIterator[Any]:
    database = f"test-{uuid4().hex}"
    with imported(project, "services.mongo", MONGODB_URL=url, MONGODB_DATABASE=database, **env) as module:
        try:
            yield module
        finally:
            await module.stop_mongodb()


@pytest.fixture
async def mongo(project: Path, mongod: MongoServer) -> AsyncIterator[Any]:
    async with loaded(project, mongod.url()) as module:
        yield module
    await mongod.never_fail()


@pytest.fixture
async def own(project: Path, own_mongod: MongoServer) -> AsyncIterator[Any]:
    async with loaded(project, own_mongod.url()) as module:
        yield module


def make(mongo: Any) -> Any:
    return mongo.Collection("books", Book, [IndexModel("title", unique=True)])


async def test_documents_come_back_as_they_were(mongo: Any) -> None:
    """What pydantic has and MongoDB has not: decimals with every digit, dates, enums, sets, models in models."""
    things = mongo.Collection("things", Everything)
    thing = Everything(id=uuid4())
    assert await things.insert(thing) == thing
    assert await things.get(thing.id) == thing
    assert await things.find_one({"price": thing.price, "kind": "novel", "other": thing.other}) == thing
    [stored] = [each async for each in things.raw().find()]
    assert stored["_id"] == thing.id and "id" not in stored and stored["price"] == thing.price
    with pytest.raises(Exception, match="cannot be stored"):
        await things.raw().insert_one({"x": object()})


async def test_keys(mongo: Any) -> None:
    """Made by the driver, given as text or number, and what others have stored."""
    books = make(mongo)
    emma = await books.insert(Book(title="Emma"))
    assert ObjectId.is_valid(emma.id) and await books.get(emma.id) == emma
    assert (await books.raw().find_one({}))["_id"] == ObjectId(emma.id)
    named = await books.insert(Book(id="persuasion", title="Persuasion"))
    assert named.id == "persuasion" and await books.get("persuasion") == named
    with pytest.raises(DuplicateKeyError):
        await books.insert(Book(id=emma.id, title="Another"))

    class Numbered(BaseModel):
        id: int
        name: str = ""

    class Aliased(BaseModel):
        key: str = ""
        id: int | None = None

        model_config = {"alias_generator": lambda name: "_id" if name == "id" else name.upper()}

    numbers = mongo.Collection("numbers", Numbered)
    await numbers.insert(Numbered(id=7, name="seven"))
    assert await numbers.get(7) == Numbered(id=7, name="seven") and await numbers.get("7") is None
    aliased = mongo.Collection("aliased", Aliased)
    made = await aliased.insert(Aliased(_id=3, KEY="x"))
    assert await aliased.get(3) == made and await aliased.raw().find_one({}) == {"_id": 3, "KEY": "x"}


async def test_an_operator_from_outside_is_no_key(mongo: Any) -> None:
    """`{"$ne": null}` in the place of a key would match all; it is refused, as None is, which would match what has none."""
    books = make(mongo)
    await books.insert(Book(title="Emma"))
    for wrong in ({"$ne": None}, None, ["x"], {"$gt": ""}):
        for call in (books.get(wrong), books.delete(wrong), books.update(wrong, {"$set": {"copies": 0}})):
            with pytest.raises(TypeError):
                await call
    assert [each.copies async for each in books.find()] == [1]


async def test_pages_and_changes(mongo: Any) -> None:
    books = make(mongo)
    await mongo.start_mongodb()
    for number in range(150):
        await books.insert(Book(title=f"{number:03}", copies=number % 3))
    page = [each.title async for each in books.find({"copies": 0}, sort=[("title", -1)], skip=10, limit=3)]
    assert page == ["117", "114", "111"]
    assert len([each async for each in books.find()]) == 150  # more than a batch
    async for each in books.find():
        assert each.id
        break  # a cursor that is left is closed
    first = await books.find_one({"title": "000"})
    assert await books.update(first.id, {"$inc": {"copies": 5}}) == Book(id=first.id, title="000", copies=5)
    assert await books.replace(Book(id=first.id, title="zero")) and await books.find_one({"title": "000"}) is None
    assert not await books.replace(Book(title="nobody"))
    assert await books.delete(first.id) and not await books.delete(first.id)
    assert await books.update(first.id, {"$set": {"copies": 1}}) is None
    with pytest.raises(DuplicateKeyError):
        await books.insert(Book(title="001"))


async def test_indexes_are_made_at_the_start(mongo: Any, mongod: MongoServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice is once; one that has changed, or that the data forbids, stops the start; a slow one is left to the readiness check."""
    books = make(mongo)
    await mongo.start_mongodb()
    mongo._current().prepared = 0
    await mongo.start_mongodb()
    assert sorted(await books.raw().index_information()) == ["_id_", "title_1"]
    mongo.Collection("books", Book, [IndexModel("title")])
    with pytest.raises(OperationFailure) as caught:
        await mongo.start_mongodb()
    assert caught.value.code == 86
    mongo._collections.pop()

    twice = mongo.Collection("twice", Book)
    await twice.raw().insert_many([{"title": "Emma"}, {"title": "Emma"}])
    mongo.Collection("twice", Book, [IndexModel("title", unique=True)])
    with pytest.raises(DuplicateKeyError):
        await mongo.start_mongodb()
    mongo._collections.pop()

    slow = mongo.Collection("slow", Book, [IndexModel("title")])
    monkeypatch.setattr(mongo, "INDEX_TIMEOUT", 0.3)
    await mongod.fail("createIndexes", times=20, blockConnection=True, blockTimeMS=900)
    began = time.monotonic()
    await mongo.start_mongodb()
    assert time.monotonic() - began < 3
    assert "title_1" not in await slow.raw().index_information()
    await mongod.never_fail()
    await mongo.check_mongodb()
    assert "title_1" in await slow.raw().index_information()


async def test_transactions(mongo: Any, mongod: MongoServer) -> None:
    """All or nothing; another's conflict begins it again; what is read outside does not see it before its end."""
    books = make(mongo)
    await mongo.start_mongodb()
    emma = await books.insert(Book(title="Emma"))
    runs: list[int] = []

    async def lend(session: Any) -> str:
        runs.append(1)
        await books.update(emma.id, {"$inc": {"copies": -1}}, session=session)
        await books.insert(Book(title=f"Persuasion {len(runs)}"), session=session)
        assert (await books.get(emma.id)).copies == 1
        assert (await books.get(emma.id, session=session)).copies == 0
        return "lent"

    async def fail(session: Any) -> None:
        await books.delete(emma.id, session=session)
        await books.insert(Book(title="never"), session=session)
        raise LookupError("on purpose")

    with pytest.raises(LookupError):
        await mongo.in_transaction(fail)
    assert [each.title async for each in books.find()] == ["Emma"]
    await mongod.fail("insert", errorCode=112, errorLabels=["TransientTransactionError"])
    assert await mongo.in_transaction(lend) == "lent" and len(runs) == 2
    assert sorted([(each.title, each.copies) async for each in books.find()]) == [("Emma", 0), ("Persuasion 2", 1)]

    async def add(_: int) -> None:
        async def work(session: Any) -> None:
            found = await books.get(emma.id, session=session)
            await books.update(emma.id, {"$set": {"copies": found.copies + 1}}, session=session)

        await mongo.in_transaction(work)

    await asyncio.gather(*(add(number) for number in range(8)))
    assert (await books.get(emma.id)).copies == 8


async def test_a_server_that_is_away(own: Any, own_mongod: MongoServer) -> None:
    """An error in seconds, that says the variable and where; it goes and comes back."""
    books = make(own)
    await own.start_mongodb()
    emma = await books.insert(Book(title="Emma"))
    for _ in range(2):
        own_mongod.stop()
        began = time.monotonic()
        with pytest.raises(ConnectionFailure, match=str(own_mongod.port)):
            await books.get(emma.id)
        assert time.monotonic() - began < 7
        began = time.monotonic()
        with pytest.raises((ConnectionFailure, asyncio.TimeoutError)):
            await own.check_mongodb()
        assert time.monotonic() - began < 3
        own_mongod.start()
        assert await books.get(emma.id) == emma
        await own.check_mongodb()


async def test_a_restart_goes_unnoticed(own: Any, own_mongod: MongoServer) -> None:
    books = make(own)
    emma = await books.insert(Book(title="Emma"))
    own_mongod.stop()
    own_mongod.start()
    assert await books.get(emma.id) == emma


async def test_a_server_that_hangs(own: Any, own_mongod: MongoServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits longer than the limits say: not an operation, not the check, not the start, not the stop."""
    monkeypatch.setattr(own, "COMMAND_TIMEOUT", 1)
    books = make(own)
    emma = await books.insert(Book(title="Emma"))
    own_mongod.hang()
    try:
        began = time.monotonic()
        results = await asyncio.gather(*(books.get(emma.id) for _ in range(50)), return_exceptions=True)
        assert time.monotonic() - began < 4
        assert all(isinstance(result, (NetworkTimeout, ConnectionFailure)) for result in results), results[:3]
        began = time.monotonic()
        with pytest.raises((ConnectionFailure, asyncio.TimeoutError)):
            await own.check_mongodb()
        assert time.monotonic() - began < 3
    finally:
        own_mongod.go_on()
    assert await books.get(emma.id) == emma


async def test_a_server_that_never_says_anything(project: Path, caplog: pytest.LogCaptureFixture) -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", port := free_port())
    async with loaded(project, f"mongodb://127.0.0.1:{port}") as mongo:
        make(mongo)
        began = time.monotonic()
        await mongo.start_mongodb()
        assert time.monotonic() - began < 8
        assert "MONGODB_URL: no connection" in caplog.text
        with pytest.raises((ServerSelectionTimeoutError, asyncio.TimeoutError)):
            await mongo.check_mongodb(0.3)
        began = time.monotonic()
    assert time.monotonic() - began < 3, "the stop"
    server.close()


async def test_lost_connections_and_codes(mongo: Any, mongod: MongoServer) -> None:
    """A connection that is lost, and a primary that steps down, are tried once more by the driver; a refusal is not."""
    books = make(mongo)
    emma = await books.insert(Book(title="Emma"))
    await mongod.fail("find", closeConnection=True)
    assert await books.get(emma.id) == emma
    await mongod.fail("insert", closeConnection=True)
    await books.insert(Book(title="Persuasion"))
    await mongod.fail("find", errorCode=6)  # HostUnreachable
    assert await books.get(emma.id) == emma
    assert await books.raw().count_documents({}) == 2
    await mongod.fail("find", errorCode=13)  # Unauthorized
    with pytest.raises(OperationFailure) as caught:
        await books.get(emma.id)
    assert caught.value.code == 13 and not isinstance(caught.value, AutoReconnect)
    assert await books.get(emma.id) == emma


async def test_200_at_once_and_cancellation(mongo: Any, mongod: MongoServer) -> None:
    """200 tasks; half of 200 are cancelled on their way, and the others do not notice; then 200 again, and nothing is left."""
    books = make(mongo)

    async def one(number: int) -> str:
        made = await books.insert(Book(title=f"{number}-{uuid4()}"))
        found = await books.get(made.id)
        assert found == made
        return found.title.split("-")[0]

    assert await asyncio.gather(*(one(number) for number in range(200))) == [str(number) for number in range(200)]
    tasks = [asyncio.create_task(one(number)) for number in range(200)]
    for pause in range(10):
        await asyncio.sleep(0.005)
        for task in tasks[pause * 10 : pause * 10 + 10]:
            task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert results[100:] == [str(number) for number in range(100, 200)]
    assert all(isinstance(each, (str, asyncio.CancelledError)) for each in results[:100])
    assert sum(isinstance(each, asyncio.CancelledError) for each in results) > 10
    assert await asyncio.gather(*(one(number) for number in range(200))) == [str(number) for number in range(200)]
    await mongo.stop_mongodb()
    gc.collect()  # a connection that was being made when its task was cancelled is closed with it
    assert await mongod.connections() == 0


def test_two_event_loops(project: Path, mongod: MongoServer) -> None:
    """One after the other, and at the same time in threads: each loop has its client, and closes it."""
    with imported(project, "services.mongo", MONGODB_URL=mongod.url(), MONGODB_DATABASE=uuid4().hex) as mongo:
        books = make(mongo)

        async def use(title: str, rounds: int = 1) -> None:
            for number in range(rounds):
                made = await books.insert(Book(title=f"{title}{number}"))
                assert await books.get(made.id) == made

        asyncio.run(use("first"))
        asyncio.run(use("second"))
        failed: list[BaseException] = []

        def work(title: str) -> None:
            try:
                asyncio.run(use(title, 20))
            except BaseException as error:  # noqa: BLE001
                failed.append(error)

        threads = [threading.Thread(target=work, args=(f"thread {number} ",)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []

        async def end() -> None:
            assert await books.raw().count_documents({}) == 82
            assert len([loop for loop in mongo._clients if not loop.is_closed()]) == 1
            await mongo.stop_mongodb()

        asyncio.run(end())
    assert asyncio.run(mongod.connections()) == 0


WITHOUT_LIFESPAN = """\
import asyncio
import warnings

from main import app
from services.mongo import get_database

with warnings.catch_warnings(action="ignore"):  # Starlette's own, about httpx
    from fastapi.testclient import TestClient


def test_routes() -> None:
    client = TestClient(app)
    assert [client.get("/books").json() for _ in range(3)] == [0, 0, 0]


async def count() -> int:
    return await (await get_database())["x"].count_documents({})


def test_own_loop() -> None:
    assert asyncio.run(count()) == 0
    assert asyncio.run(count()) == 0
"""


def with_books(projects: Projects) -> Path:
    project = projects.make("mongodb")
    main = project / "main.py"
    main.write_text(main.read_text() + BOOKS)
    return project


def test_no_warnings_without_the_lifespan(projects: Projects, mongod: MongoServer) -> None:
    """`pytest -W error` passes where tests skip the lifespan: the end of an event loop closes its client."""
    project = with_books(projects)
    (project / "test_without_lifespan.py").write_text(WITHOUT_LIFESPAN)
    (project / "own.ini").write_text("[pytest]\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-c", "own.ini", "-W", "error", "-p", "no:asyncio", "test_without_lifespan.py"],
        cwd=project, capture_output=True, text=True, timeout=60,
        env={**os.environ, "PYTHONPATH": str(project), "MONGODB_URL": mongod.url(), "MONGODB_DATABASE": uuid4().hex},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert asyncio.run(mongod.connections()) == 0


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_an_application(
    projects: Projects, own_mongod: MongoServer, cluster: Cluster, serve: Callable[..., Uvicorn], loop: str
) -> None:
    """As `paxx` wires it: it starts without the server, is not ready, works when the server comes, and leaves no connection."""
    project = with_books(projects)
    own_mongod.stop()
    env = {"MONGODB_URL": own_mongod.url(), "DATABASE_URL": cluster.url(cluster.database())}
    server = serve(project, "main:app", "--loop", loop, **env)

    def get(path: str) -> httpx.Response:
        return httpx.get(f"{server.url}{path}", timeout=10)

    def post(title: str) -> httpx.Response:
        return httpx.post(f"{server.url}/books", json={"title": title}, timeout=10)

    assert get("/health").status_code == 200
    assert get("/health/ready").json() == {"ready": False, "failed": ["mongodb"]}
    own_mongod.start()
    time.sleep(0.5)
    assert get("/health/ready").json() == {"ready": True, "failed": []}
    made = post("Emma").json()
    assert get(f"/books/{made['id']}").json() == made == {"id": made["id"], "title": "Emma"}
    assert get("/books").json() == 1
    # The unique index came with the readiness check, as there was no server at the start.
    assert post("Emma").status_code == 500
    own_mongod.hang()
    began = time.monotonic()
    assert get("/health/ready").json()["failed"] == ["mongodb"]
    assert time.monotonic() - began < 5
    own_mongod.go_on()
    time.sleep(0.5)
    assert get("/health/ready").status_code == 200
    log = server.stop()
    assert "MONGODB_URL: no connection" in log and "Application shutdown complete" in log
    assert asyncio.run(own_mongod.connections()) == 0


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:27017",
        f"http://u:{PASSWORD}@localhost/",
        f"mongodb://u:{PASSWORD}/x@localhost:27017/",
        f"mongodb://u:p@{PASSWORD}@localhost:27017/",
        f"mongodb://u:{PASSWORD}@localhost:port/",
        f"mongodb://u:{PASSWORD}@localhost:99999/",
        f"mongodb://[{PASSWORD}@localhost/",
        f"mongodb://u:{PASSWORD}%zz@/",
        f"mongodb://u:{PASSWORD}@localhost/?tls=true&tlsInsecure=true&tlsAllowInvalidHostnames=true",
    ],
)
async def test_a_wrong_url_names_the_variable_and_no_password(project: Path, url: str) -> None:
    async with loaded(project, url) as mongo:
        with pytest.raises(ValueError, match="MONGODB_URL") as caught:
            await mongo.start_mongodb()
        assert PASSWORD not in everything(caught.value)


async def test_a_wrong_database(project: Path, mongod: MongoServer) -> None:
    for name in ("", "a b", "a.b", "a/b", "$a"):
        with imported(project, "services.mongo", MONGODB_URL=mongod.url(), MONGODB_DATABASE=name) as mongo:
            with pytest.raises(ValueError, match="MONGODB_DATABASE"):
                await mongo.start_mongodb()


def everything(error: BaseException | None) -> str:
    """The message of an error and of those behind it that a traceback would show."""
    shown = ""
    while error is not None:
        shown += f"{error!r} {error}\n"
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return shown


async def test_users_and_the_secret_in_no_log(project: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A server with users: the right password works, a wrong one stops the start; neither is in a log, even at DEBUG."""
    caplog.set_level(logging.DEBUG)
    server = MongoServer(tmp_path)
    await server.ask(lambda client: client.admin.command("createUser", "ann", pwd=PASSWORD, roles=["root"]))
    server.stop()
    server.arguments = ("--auth",)
    server.start()
    shown = ""
    try:
        async with loaded(project, server.url(f"ann:{PASSWORD}@")) as mongo:
            await mongo.start_mongodb()
            made = await make(mongo).insert(Book(title="Emma"))
            assert made.id
            shown += repr(mongo.settings) + repr(mongo._current())
        for login in (f"ann:{PASSWORD}-wrong@", ""):
            async with loaded(project, server.url(login)) as mongo:
                make(mongo)
                with pytest.raises(OperationFailure) as caught:
                    await mongo.start_mongodb()
                shown += everything(caught.value)
        server.stop()
        async with loaded(project, server.url(f"ann:{PASSWORD}@")) as mongo:
            await mongo.start_mongodb()
            with pytest.raises(ConnectionFailure) as away:
                await make(mongo).get("x")
            shown += everything(away.value)
    finally:
        server.stop()
    assert "MONGODB_URL: no connection" in caplog.text
    assert PASSWORD not in shown + caplog.text


async def test_what_the_url_says_wins(project: Path, mongod: MongoServer) -> None:
    for options, limit in (("", 5), ("&timeoutMS=700", 0.7), ("&TIMEOUTms=700", 0.7)):
        async with loaded(project, mongod.url(options=options)) as mongo:
            assert mongo._current().client.options.timeout == limit


async def test_the_next_steps_run(next_steps: Callable[..., str], mongo: Any) -> None:
    """The lines that are printed, as printed."""
    steps = next_steps("mongodb")
    assert "JSONB" in steps and "second database" in steps
    lines = [line[3:] if line.startswith("   ") else "" for line in steps.splitlines()]
    code = "\n".join(lines[next(at for at, line in enumerate(lines) if line.startswith("from pydantic")) :])
    code = code[: code.index("await in_transaction(lend)") + len("await in_transaction(lend)")]
    names = await run_block(code, {"__name__": "steps"})
    await mongo.check_mongodb()
    assert names["same"] == names["book"] and [each.title for each in names["found"]] == ["Emma"]
    assert sorted([(each.title, each.copies) async for each in names["books"].find()]) == [("Emma", 1), ("Persuasion", 1)]


async def test_the_docstring_runs(project: Path, mongo: Any) -> None:
    """The lines that open the module."""
    said = ast.get_docstring(ast.parse((project / "services/mongo.py").read_text())) or ""
    code = "\n".join(line[4:] for line in said.splitlines() if line.startswith("    "))
    names = await run_block(code, {**vars(mongo), "BaseModel": BaseModel, "__name__": "steps"})
    assert names["found"] == [names["book"]]
    assert (await names["books"].get(names["book"].id)).title == "Persuasion"


def test_compose_service() -> None:
    """A replica set of one, published on 127.0.0.1 only; pinned, with a health check that waits for the primary."""
    manifest = tomllib.loads((TEMPLATES / "mongodb/component.toml").read_text())
    service = yaml.safe_load((TEMPLATES / "mongodb/compose.yml").read_text())["mongodb"]
    assert service["image"] == "mongo:8.0" and service["command"][:2] == ["--replSet", "rs0"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert service["healthcheck"]["test"][:2] == ["CMD", "mongosh"] and "isWritablePrimary" in service["healthcheck"]["test"][-1]
    assert "$" not in json.dumps(service)
    assert [volume.split(":")[0] for volume in service["volumes"]] == manifest["service"][0]["volumes"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ('str = "{}"', "str"),
        ("str | None = None", "None"),
        ('MongoDsn = MongoDsn("{}")', "dsn"),
        ('SecretStr = SecretStr("{}")', "secret"),
    ],
)
def test_a_url_that_is_there_already(projects: Projects, mongod: MongoServer, field: str, value: str) -> None:
    """Whatever type the project gave it, it stays; the module takes it as a secret, and mypy finds nothing."""
    project = projects.fresh("lower")
    settings = project / "settings.py"
    text = settings.read_text()
    at = text.index("    model_config")
    line = f"    mongodb_url: {field.format(mongod.url())}\n"
    settings.write_text("from pydantic import MongoDsn, SecretStr\n" + text[:at] + line + text[at:])
    paxx(project, "add", "mongodb", "--yes")
    paxx(project, "check")
    assert line in settings.read_text() and settings.read_text().count("mongodb_url") == 1
    code = "import asyncio\nfrom services import mongo\nasyncio.run(mongo.check_mongodb())\nprint('well')"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=project, capture_output=True, text=True, timeout=60,
        env={**os.environ, "PYTHONPATH": str(project)},
    )  # fmt: skip
    if value == "None":
        assert "MONGODB_URL is not a valid MongoDB URL" in done.stderr
    else:
        assert done.stdout == "well\n", done.stderr
    strict = [str(Path(sys.executable).parent / "mypy"), "--strict", "services/mongo.py"]
    typed = subprocess.run(strict, cwd=project, capture_output=True, text=True)
    assert typed.returncode == 0, typed.stdout


@pytest.mark.long
async def test_figure(mongo: Any, mongod: MongoServer, record_property: Callable[[str, Any], None]) -> None:
    """Insert and get of a model against the same with the bare driver."""
    books = mongo.Collection("figure", Book)
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(mongod.url())
    bare = client["figure"]["bare"]

    async def with_bare() -> None:
        done = await bare.insert_one({"title": "Emma", "copies": 1})
        found = await bare.find_one({"_id": done.inserted_id})
        assert found and found["title"] == "Emma"

    async def with_ours() -> None:
        made = await books.insert(Book(title="Emma"))
        assert await books.get(made.id) == made

    async def seconds(call: Callable[[], Any]) -> float:
        start = time.perf_counter()
        for _ in range(50):
            await call()
        return (time.perf_counter() - start) / 50

    rounds = [(await seconds(with_bare), await seconds(with_ours)) for _ in range(15)]
    median = statistics.median(mine / theirs for theirs, mine in rounds[1:])
    theirs, mine = (min(times) * 1e6 for times in zip(*rounds, strict=True))
    print(f"\ninsert and get: bare {theirs:.0f} us, collection {mine:.0f} us, median ratio {median:.2f}")
    record_property("mongodb_ratio", median)
    assert median < 1.5
    await client.close()
