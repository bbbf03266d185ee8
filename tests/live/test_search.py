"""The `search` component against a real PostgreSQL."""

import asyncio
import re
import statistics
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from conftest import Projects, manifest
from database_support import ENV, MAKO, explain, load, silent, tables
from postgis_support import Cluster, Migrations, body
from sqlalchemy import Enum, Integer, Text, func, select, text
from sqlalchemy.dialects.postgresql import REGCONFIG
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

# What somebody types who wants to break the query, or the statement.
HOSTILE = [
    "", " ", "'", '"', "''", '"""', "\\", "\\'", "';--", "'; DROP TABLE articles; --", "') OR 1=1 --", "a' || 'b", "a & b", "a | b",
    "a & ", "!", "!a", "!!", "a <-> b", "a <2> b", "(", ")", "((a)", "a)", ":*", "a:*", "a:", "'a':*", "'a':A", "a:ABCD*", "*", "**",
    "%", "%s", "%(x)s", ":x", "{x}", "$1", "<->", "<", ">", "<script>alert(1)</script>", "--", "/*", "*/", "or", "or or", "and", "not",
    "-", "--a", "- a", "-a", "\0", "a\0b", "\ud800", "a\ud800", "\x02", "\x03", "\u202e", "é", "ß", "İ", "日本語", "😀", "'😀':*",
    "a" * 10_000, "a " * 5_000, "(" * 5_000, '"' * 5_000, "'" * 5_000, "a:*" * 200, "x'y':*", "e'\\x00'", "\n", "a\nb", "\t'",
]  # fmt: skip


@pytest.fixture(scope="module")
def search(projects: Projects) -> ModuleType:
    return load(projects.make("search"), "search")


class Models:
    """The models of the tests, on a base of their own."""

    def __init__(self, search: ModuleType) -> None:
        class Base(DeclarativeBase):
            pass

        class Article(search.Searchable, Base):  # type: ignore[name-defined,misc]
            __tablename__ = "articles"
            __search__ = {"title": "A", "body": "B"}
            __table_args__ = (search.trigram_index("ix_articles_similar", "title"),)
            id: Mapped[int] = mapped_column(primary_key=True)
            title: Mapped[str]
            body: Mapped[str | None] = mapped_column("The Body", Text)

        class Page(Base, search.Searchable):  # type: ignore[name-defined,misc]
            __tablename__ = "pages"
            __search__ = {"body": "A"}
            __search_language__ = "language"
            id: Mapped[int] = mapped_column(primary_key=True)
            language: Mapped[str] = mapped_column(REGCONFIG)
            body: Mapped[str] = mapped_column(Text)

        self.Base, self.Article, self.Page = Base, Article, Page


@pytest.fixture(scope="module")
def models(search: ModuleType) -> Models:
    return Models(search)


@pytest.fixture(params=["asyncpg", "psycopg"])
async def engine(request: pytest.FixtureRequest, cluster: Cluster, models: Models) -> AsyncIterator[AsyncEngine]:
    async with tables(cluster, request.param, models.Base.metadata) as made:
        yield made


@pytest.fixture
async def session(engine: AsyncEngine, models: Models) -> AsyncIterator[AsyncSession]:
    async with AsyncSession(engine, expire_on_commit=False) as made:
        made.add_all(
            [
                models.Article(title="Running PostgreSQL", body="How to run a database, and keep it running."),
                models.Article(title="Cooking", body="The database of recipes. Nothing runs here."),
                models.Article(title="Trains", body=None),
                models.Article(title="Markup", body="See <b>bold</b> & <script>alert('x')</script> 1 < 2 <img onerror='x \x02databases\x03."),
                models.Page(language="german", body="Die Häuser der Städte"),
                models.Page(language="english", body="The houses of the cities"),
            ]
        )
        await made.commit()
        yield made


async def titles(session: AsyncSession, statement: Any) -> list[str]:
    return [article.title for article in await session.scalars(statement)]


async def test_words_weights_and_operators(session: AsyncSession, search: ModuleType, models: Models) -> None:
    async def found(typed: str, **options: Any) -> list[str]:
        return await titles(session, search.search(models.Article, typed, **options))

    assert await found("run") == ["Running PostgreSQL", "Cooking"]
    assert await found("databases -recipes") == ["Running PostgreSQL", "Markup"]
    assert await found('"keep it running"') == ["Running PostgreSQL"]
    assert await found("trains or cooking") in (["Trains", "Cooking"], ["Cooking", "Trains"])
    assert await found("the of and") == [] and await found("nowhere") == [] and await found("") == []
    # A title weighs more than a body.
    ranks = await session.execute(select(models.Article.title, search.rank(models.Article, "run")))
    by_title = dict(tuple(row) for row in ranks.all())
    assert 0 < by_title["Cooking"] < by_title["Running PostgreSQL"] < 1 and by_title["Trains"] == 0
    assert await found("running", language="simple") == []
    condition = select(models.Article).where(search.matches(models.Article, "cook"))
    assert await titles(session, condition) == ["Cooking"]


async def test_the_last_word_may_be_incomplete(session: AsyncSession, search: ModuleType, models: Models) -> None:
    async def found(typed: str) -> set[str]:
        return set(await titles(session, search.search(models.Article, typed, prefix=True)))

    assert await found("post") == {"Running PostgreSQL"} == await found("running post") == await found("PoStG")
    assert await found("running") == {"Running PostgreSQL", "Cooking"} and await found("run ru") == {"Running PostgreSQL", "Cooking"}
    assert await found("recipes datab") == {"Cooking"} and await found("x post") == set()
    # No prefix: an excluded word, an open quote, a blank behind.
    assert await found("database -rec") == {"Running PostgreSQL", "Cooking", "Markup"}
    assert await found('"keep it run') == {"Running PostgreSQL"} and await found('"keep it ru') == set()
    assert await found("post ") == set() == set(await titles(session, search.search(models.Article, "post")))


async def test_headlines_are_html_that_is_safe(session: AsyncSession, search: ModuleType, models: Models) -> None:
    part = search.headline(models.Article, models.Article.body, "databases")
    rows = (await session.execute(search.search(models.Article, "databases").with_only_columns(models.Article.title, part))).all()
    shown = {title: html for title, html in rows}
    assert shown["Cooking"] == "<mark>database</mark> of recipes. Nothing runs here"
    html = shown["Markup"]
    # PostgreSQL leaves out what it takes for a tag; what it does not is escaped.
    assert "<script" not in html and "<img" not in html and "<b>" not in html
    assert "alert(&#x27;x&#x27;) 1 &lt; 2 &lt;img onerror=&#x27;x" in re.sub(" +", " ", html)
    assert html.count("<mark>") == html.count("</mark>") == 1 and "<mark>databases</mark>" in html
    empty = await session.scalar(select(search.headline(models.Article, models.Article.body, "x")).where(models.Article.title == "Trains"))
    assert empty is None


async def test_input_stays_input(session: AsyncSession, search: ModuleType, models: Models) -> None:
    """Search input cannot break out of `tsquery`, nor fail: every text is a query."""
    Article = models.Article
    for typed in HOSTILE:
        for prefix in (False, True):
            part = search.headline(Article, Article.body, typed, prefix=prefix)
            statement = search.search(Article, typed, prefix=prefix).with_only_columns(Article.id, part)
            await session.execute(statement)
        await session.execute(select(Article).where(search.similar(Article.title, typed)))
    assert await session.scalar(select(func.count()).select_from(Article)) == 4
    # What it becomes are words: none of the operators of `to_tsquery` is one here.
    for typed, becomes in {"run & jump": "'run' & 'jump'", "run | jump": "'run' & 'jump'", "run:*": "'run'", "!run": "'run'"}.items():
        assert await session.scalar(select(search.search_query(Article, typed).op("::")(text("text")))) == becomes
    prefixed = await session.scalar(select(search.search_query(Article, "a'':*|b", prefix=True).op("::")(text("text"))))
    assert prefixed == "'b' | 'b':*"


def test_input_is_no_part_of_the_statement(search: ModuleType, models: Models) -> None:
    from sqlalchemy.dialects import postgresql

    for typed in HOSTILE[2:40]:
        compiled = search.search(models.Article, typed, prefix=True).compile(dialect=postgresql.dialect())
        plain = search.search(models.Article, "word", prefix=True).compile(dialect=postgresql.dialect())
        if len(typed) > 3:
            assert typed not in str(compiled)
        assert len(str(compiled)) <= len(str(plain))


async def test_a_language_for_each_row(session: AsyncSession, search: ModuleType, models: Models) -> None:
    async def found(typed: str, language: str) -> list[str]:
        statement = search.search(models.Page, typed, language=language)
        return [page.body for page in await session.scalars(statement)]

    assert await found("haus", "german") == ["Die Häuser der Städte"]
    assert await found("house", "english") == ["The houses of the cities"]
    with pytest.raises(ValueError, match="language"):
        search.search(models.Page, "haus")


async def test_typing_errors(session: AsyncSession, search: ModuleType, models: Models) -> None:
    Article = models.Article
    alike = select(Article).where(search.similar(Article.title, "postgers")).order_by(search.similarity(Article.title, "postgers").desc())
    await session.execute(text("SET pg_trgm.word_similarity_threshold = 0.4"))
    assert await titles(session, alike) == ["Running PostgreSQL"]


async def test_the_column_follows_the_row(session: AsyncSession, search: ModuleType, models: Models) -> None:
    trains = (await session.scalars(select(models.Article).where(models.Article.title == "Trains"))).one()
    trains.body = "All about locomotives"
    await session.commit()
    assert await titles(session, search.search(models.Article, "locomotive")) == ["Trains"]
    trains.title = "Planes"
    await session.commit()
    assert await titles(session, search.search(models.Article, "train")) == []


def test_wrong_models_are_refused(search: ModuleType) -> None:
    def model(**attributes: Any) -> None:
        class Base(DeclarativeBase):
            pass

        columns = {"id": mapped_column(Integer, primary_key=True), "title": mapped_column(Text), "number": mapped_column(Integer)}
        columns["kind"] = mapped_column(Enum("a", "b", name="kind"))
        type("Wrong", (search.Searchable, Base), {"__tablename__": "wrong", **columns, **attributes})

    model(__search__={"title": "A"})
    for wrong in ({}, {"__search__": {"title": "E"}}, {"__search__": {"nothing": "A"}}, {"__search__": {"number": "A"}}):
        with pytest.raises(ValueError):
            model(**wrong)
    for language in ("english'; DROP TABLE x; --", "title", ""):
        with pytest.raises(ValueError):
            model(__search__={"title": "A"}, __search_language__=language)
    with pytest.raises(ValueError, match="no text"):
        model(__search__={"kind": "A"})


async def test_the_indexes_are_used(engine: AsyncEngine, search: ModuleType, models: Models, capsys: Any) -> None:
    """20,000 rows: by EXPLAIN the GIN index and the trigram index; a figure against plain SQL, and against LIKE."""
    async with engine.connect() as connection:
        await connection.execute(
            text("INSERT INTO articles (title, \"The Body\") SELECT 'title ' || md5(n::text), repeat(md5((n % 977)::text) || ' ', 20) || md5(n::text) FROM generate_series(1, 20000) n")
        )
        await connection.commit()
        await connection.execute(text("ANALYZE articles"))
        word = "c4ca4238a0b923820dcc509a6f75849b"
        for condition, index in (
            (search.matches(models.Article, word), "ix_articles_search_vector"),
            (search.matches(models.Article, word[:12], prefix=True), "ix_articles_search_vector"),
            (search.similar(models.Article.title, word), "ix_articles_similar"),
        ):
            statement = select(models.Article.id).where(condition)
            plan = await explain(engine, connection, statement)
            assert index in plan, plan

        async def milliseconds(statement: Any) -> float:
            rounds = []
            for _ in range(15):
                start = time.perf_counter()
                (await connection.execute(statement)).all()
                rounds.append((time.perf_counter() - start) * 1000)
            return statistics.median(rounds)

        ours = await milliseconds(search.search(models.Article, word).with_only_columns(models.Article.id).limit(20))
        plain = text(
            f"SELECT id FROM articles, websearch_to_tsquery('english', '{word}') q WHERE search_vector @@ q "  # noqa: S608
            "ORDER BY ts_rank_cd(search_vector, q, 32) DESC, id LIMIT 20"
        )
        bare = await milliseconds(plain)
        like = await milliseconds(text(f"SELECT id FROM articles WHERE \"The Body\" LIKE '%{word}%' LIMIT 20 OFFSET 15"))  # noqa: S608
    with capsys.disabled():
        print(f"\nsearch {ours:.2f} ms, plain SQL {bare:.2f} ms, LIKE {like:.2f} ms")
    assert ours < bare * 3 + 5


async def test_200_at_once(engine: AsyncEngine, session: AsyncSession, search: ModuleType, models: Models) -> None:
    async def one(number: int) -> list[str]:
        async with AsyncSession(engine) as own:
            return await titles(own, search.search(models.Article, "run", prefix=number % 2 == 0))

    results = await asyncio.gather(*(one(number) for number in range(200)))
    assert all(result == ["Running PostgreSQL", "Cooking"] for result in results)


async def test_cancelled_queries(cluster: Cluster, search: ModuleType, models: Models) -> None:
    """What is cancelled in the middle keeps no connection: two are enough for all that follow."""
    engine = create_async_engine(cluster.url(cluster.database()), pool_size=2, max_overflow=0, pool_timeout=5)
    async with engine.begin() as connection:
        await connection.run_sync(models.Base.metadata.create_all)
        await connection.execute(models.Article.__table__.insert(), [{"title": f"Running {n}"} for n in range(500)])

    async def one() -> list[str]:
        async with AsyncSession(engine) as own:
            return await titles(own, search.search(models.Article, "run"))

    for _ in range(5):
        tasks = [asyncio.create_task(one()) for _ in range(10)]
        await asyncio.sleep(0.01)
        for task in tasks[::2]:
            task.cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(len(result) == 500 for result in done[1::2] if not isinstance(result, BaseException))
        assert not [result for result in done[1::2] if isinstance(result, BaseException)]
    assert len(await one()) == 500
    await engine.dispose()


def test_two_event_loops(cluster: Cluster, search: ModuleType, models: Models) -> None:
    """A statement belongs to no loop: one that is made once is asked in two at a time."""
    statement = search.search(models.Article, "run")

    async def one() -> list[str]:
        async with tables(cluster, "asyncpg", models.Base.metadata) as engine, AsyncSession(engine) as own:
            own.add(models.Article(title="Running"))
            await own.commit()
            return await titles(own, statement)

    async def both() -> list[list[str]]:
        return [await one(), await asyncio.to_thread(asyncio.run, one()), await one()]

    assert asyncio.run(both()) == [["Running"]] * 3


async def test_readiness_and_a_database_that_goes(
    cluster: Cluster, engine: AsyncEngine, session: AsyncSession, search: ModuleType, models: Models
) -> None:
    """The check takes a session or a connection, and ends in time; what cuts the connections is an error, and then all is well."""
    await search.check_search(session)
    async with engine.connect() as connection:
        await search.check_search(connection)
    async with silent() as hanging, AsyncSession(hanging) as own:
        began = time.monotonic()
        with pytest.raises(asyncio.TimeoutError):
            await search.check_search(own, 0.3)
        assert time.monotonic() - began < 2
    found = search.search(models.Article, "run")
    assert await titles(session, found)
    cluster.sql("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'live_%'")
    with pytest.raises(DBAPIError):
        await search.check_search(session)
    await session.rollback()
    assert await titles(session, found) == ["Running PostgreSQL", "Cooking"]
    await search.check_search(session)


BEFORE = """\
from sqlalchemy import Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Article(Base):
    __tablename__ = "articles"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    body: Mapped[str | None] = mapped_column("The Body", Text)
"""
AFTER = (
    BEFORE.replace("class Article(Base)", "class Article(Searchable, Base)")
    .replace("\n\nclass Base", "\nfrom services.search import Searchable, trigram_index\n\n\nclass Base", 1)
    .replace(
        '    __tablename__ = "articles"\n',
        '    __tablename__ = "articles"\n    __search__ = {"title": "A", "body": "B"}\n'
        '    __table_args__ = (trigram_index("ix_articles_similar", "title"),)\n',
    )
)


def test_alembic_sees_the_column_once_and_then_nothing(projects: Projects, cluster: Cluster) -> None:
    """Rows that are there already are found; autogenerate writes the index once, the extension, and then nothing."""
    database = cluster.database()
    migrations = Migrations(cluster, projects, database, ENV, MAKO, BEFORE, "search")
    migrations.run("revision --autogenerate -m first", "upgrade head")
    cluster.sql(database, "INSERT INTO articles (title) VALUES ('Running trains')")
    migrations.models(AFTER)
    migrations.run("revision --autogenerate -m search", "upgrade head", "revision --autogenerate -m nothing")
    written = migrations.written("search")
    assert written and "configure_search_migrations" in (migrations.project / "migrations/env.py").read_text()
    upgrade = body(written, "upgrade")
    assert upgrade.count("add_column") == 1 and upgrade.count("create_index") == 2 and upgrade.count("pg_trgm") == 1
    again = migrations.written("nothing")
    assert again is not None and body(again, "upgrade") == "pass" == body(again, "downgrade"), again
    found = "SELECT title FROM articles WHERE search_vector @@ websearch_to_tsquery('english', 'train')"
    assert cluster.sql(database, found) == [("Running trains",)]
    methods = "SELECT amname FROM pg_class c JOIN pg_am a ON a.oid = relam WHERE relname LIKE 'ix_articles_%'"
    assert cluster.sql(database, methods) == [("gin",), ("gin",)]
    migrations.run("downgrade -2")
    assert cluster.sql(database, "SELECT count(*) FROM information_schema.columns WHERE column_name = 'search_vector'") == [(0,)]


def test_alembic_finds_no_changed_expression(projects: Projects, cluster: Cluster) -> None:
    """Alembic warns of a generated column whose expression looks changed: PostgreSQL's own form of it is ours."""
    migrations = Migrations(cluster, projects, cluster.database(), ENV, MAKO, AFTER, "search")
    migrations.run("revision --autogenerate -m first", "upgrade head")
    env = migrations.project / "migrations/env.py"
    env.write_text("import warnings\nwarnings.simplefilter('error', UserWarning)\n" + env.read_text())
    migrations.run("revision --autogenerate -m nothing")


def test_the_next_steps_are_printed(next_steps: Callable[..., str]) -> None:
    said = next_steps("search")
    assert 'alembic revision --autogenerate -m "search"' in said and "__search__" in said
    assert not manifest("search").get("setting") and not manifest("search").get("requires")


async def test_the_next_steps_run(next_steps: Callable[..., str], session: AsyncSession, search: ModuleType, models: Models) -> None:
    """The statements that are printed, on the model that is printed."""
    said = next_steps("search")
    code = said.split("-without:\n\n")[1].split("\n4. ")[0].replace("from services.search", "from generated_search")
    lines = [line.removeprefix("     ") for line in code.splitlines()]
    source = "async def steps(session, text, Article):\n" + "\n".join(f"    {line}" for line in lines)
    names: dict[str, Any] = {}
    exec(source + "\n    return [a.title for a in found], (await session.execute(shown)).all()", names)  # noqa: S102
    found, shown = await names["steps"](session, "run", models.Article)
    assert found == ["Running PostgreSQL", "Cooking"] and "<mark>run</mark>" in shown[0][1]


def test_modules_without_sqlalchemy_asyncio(projects: Projects) -> None:
    """The module is expressions alone: it opens nothing, and reads no setting."""
    text_ = (projects.make("search") / "services/search.py").read_text()
    assert "settings" not in text_ and "create_engine" not in text_ and isinstance(Path(__file__), Path)
