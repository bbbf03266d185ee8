"""The `graphql` component in real applications, over HTTP and WebSocket."""

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets.sync.client
from conftest import SHAPES, Uvicorn, manifest, run_python, wait_for
from postgis_support import Cluster

SECRET = "s3cr3t-w0rd"

SCHEMA = '''
import asyncio
from collections.abc import AsyncGenerator

import strawberry

from .graphql import Info, UserError, make_router

LOADS: list[list[int]] = []
LEFT: list[int] = []


async def load_authors(keys: list[int]) -> list[str]:
    LOADS.append(list(keys))
    return [f"author {key}" for key in keys]


@strawberry.type
class Article:
    number: int

    @strawberry.field
    async def author(self, info: Info) -> str:
        return await info.context.loader(load_authors).load(self.number % 3)

    @strawberry.field
    def next(self) -> "Article":
        return Article(number=self.number + 1)

    @strawberry.field
    def similar(self, first: int = 2) -> list["Article"]:
        return [Article(number=self.number)] * first


@strawberry.type
class Query:
    @strawberry.field
    def hello(self, name: str = "world") -> str:
        return f"Hello, {name}!"

    @strawberry.field
    def articles(self, first: int = 10) -> list[Article]:
        return [Article(number=number) for number in range(first)]

    @strawberry.field
    def loads(self) -> list[list[int]]:
        return LOADS

    @strawberry.field
    def left(self) -> list[int]:
        return LEFT

    @strawberry.field
    def me(self, info: Info) -> str | None:
        return info.context.user

    @strawberry.field
    def broken(self) -> str | None:
        raise RuntimeError("s3cr3t-w0rd in postgresql://")

    @strawberry.field
    def refused(self) -> str | None:
        raise UserError("there is no such article")


@strawberry.type
class Mutation:
    @strawberry.mutation
    def echo(self, text: str) -> str:
        return text


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(self, up_to: int = 3) -> AsyncGenerator[int, None]:
        for number in range(1, up_to + 1):
            yield number
            await asyncio.sleep(0.01)

    @strawberry.subscription
    async def endless(self) -> AsyncGenerator[int, None]:
        number = 0
        try:
            while True:
                yield (number := number + 1)
                await asyncio.sleep(0.01)
        finally:
            LEFT.append(number)

    @strawberry.subscription
    async def failing(self) -> AsyncGenerator[int, None]:
        yield 1
        raise RuntimeError("s3cr3t-w0rd")


graphql_router = make_router(Query, Mutation, Subscription)
'''

APP = """
from typing import Annotated

from fastapi import Header
from starlette.requests import HTTPConnection

from {main} import app
from {services}.graphql import current_user


async def user(connection: HTTPConnection, x_user: Annotated[str | None, Header()] = None) -> str | None:
    return x_user


app.dependency_overrides[current_user] = user
"""


def written(make_project: Callable[..., Path], shape: str) -> Path:
    """A project with a schema of its own, and with a user from a header."""
    project = make_project("graphql", shape=shape)
    services = SHAPES[shape].services
    (project / services.replace(".", "/") / "graphql_schema.py").write_text(SCHEMA)
    main = SHAPES[shape].app.split(":")[0]
    (project / "live_graphql.py").write_text(APP.format(main=main, services=services))
    return project


@pytest.fixture(scope="module")
def env(cluster: Cluster) -> dict[str, str]:
    return {"DATABASE_URL": cluster.url(cluster.database())}


@pytest.fixture(scope="module", params=["lower", pytest.param("upper", marks=pytest.mark.long)])
def app(request: pytest.FixtureRequest, make_project: Callable[..., Path], env: dict[str, str]) -> Any:
    server = Uvicorn(written(make_project, request.param), "live_graphql:app", **env)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def open_app(make_project: Callable[..., Path], env: dict[str, str]) -> Any:
    """The same in development."""
    server = Uvicorn(written(make_project, "lower"), "live_graphql:app", GRAPHQL_DEBUG="true", **env)
    yield server
    server.stop()


def ask(app: Uvicorn, query: str, variables: dict[str, Any] | None = None, **headers: str) -> Any:
    body = {"query": query, "variables": variables or {}}
    return httpx.post(f"{app.url}/graphql", json=body, headers=headers, timeout=30).json()


def refusal(app: Uvicorn, query: str, variables: dict[str, Any] | None = None) -> str:
    """The text of the errors of a query that is not run."""
    answer = ask(app, query, variables)
    assert answer.get("data") is None and answer["errors"], answer
    return json.dumps(answer["errors"])


@pytest.mark.parametrize("shape", ["lower", "upper"])
def test_it_works_as_generated(
    make_project: Callable[..., Path], serve: Callable[..., Uvicorn], env: dict[str, str], next_steps: Callable[..., str], shape: str
) -> None:
    server = serve(make_project("graphql", shape=shape), SHAPES[shape].app, **env)
    assert ask(server, '{ hello(name: "you") }') == {"data": {"hello": "Hello, you!"}}
    assert ask(server, 'mutation { echo(text: "a") }') == {"data": {"echo": "a"}}
    if shape == "lower":
        printed = next_steps("graphql").split("-d '")[1].split("'\n")[0]
        headers = {"Content-Type": "application/json"}
        assert httpx.post(f"{server.url}/graphql", content=printed, headers=headers).json()["data"] == {"hello": "Hello, you!"}
    assert "Traceback" not in server.stop()


def test_the_context_knows_the_user(app: Uvicorn) -> None:
    assert ask(app, "{ me }", **{"X-User": "jane"}) == {"data": {"me": "jane"}}
    assert ask(app, "{ me }") == {"data": {"me": None}}


def test_a_loader_asks_once_and_belongs_to_its_request(app: Uvicorn) -> None:
    before = len(ask(app, "{ loads }")["data"]["loads"])
    for _ in range(2):
        data = ask(app, "{ articles(first: 9) { author } }")["data"]
        assert [article["author"] for article in data["articles"]] == [f"author {number % 3}" for number in range(9)]
    loads = ask(app, "{ loads }")["data"]["loads"][before:]
    assert [sorted(keys) for keys in loads] == [[0, 1, 2], [0, 1, 2]]


def test_graphiql_and_introspection_are_off(app: Uvicorn, open_app: Uvicorn) -> None:
    html = {"Accept": "text/html"}
    closed = httpx.get(f"{app.url}/graphql", headers=html)
    assert closed.status_code in (404, 405) and "graphiql" not in closed.text.lower()
    assert "graphiql" in httpx.get(f"{open_app.url}/graphql", headers=html).text.lower()
    for query in ("{ __schema { types { name } } }", '{ __type(name: "Query") { name } }', "{ ...A } fragment A on Query { __schema { types { name } } }"):
        assert "ntrospection" in refusal(app, query)
        assert ask(open_app, query)["data"]
    assert ask(app, "{ __typename }") == {"data": {"__typename": "Query"}}
    # No name of a field is guessed for who asks.
    assert "hello" not in refusal(app, "{ helo }")
    # A link in a page of somebody else asks nothing.
    assert httpx.get(f"{app.url}/graphql", params={"query": "{ hello }"}).status_code in (400, 404, 405)
    form = httpx.post(f"{app.url}/graphql", data={"query": "mutation { echo(text: \"a\") }"})
    assert form.status_code >= 400


def test_introspection_is_a_setting_of_its_own(
    make_project: Callable[..., Path], serve: Callable[..., Uvicorn], env: dict[str, str]
) -> None:
    server = serve(written(make_project, "lower"), "live_graphql:app", GRAPHQL_INTROSPECTION="true", **env)
    assert ask(server, "{ __schema { types { name } } }")["data"]
    assert "graphiql" not in httpx.get(f"{server.url}/graphql", headers={"Accept": "text/html"}).text.lower()
    assert SECRET not in json.dumps(ask(server, "{ broken }"))


def test_errors_tell_nothing_of_the_inside(app: Uvicorn, open_app: Uvicorn) -> None:
    answer = ask(app, "{ broken refused hello }")
    assert answer["data"] == {"broken": None, "refused": None, "hello": "Hello, world!"}
    messages = {error["path"][0]: error["message"] for error in answer["errors"]}
    assert messages == {"broken": "Unexpected error.", "refused": "there is no such article"}
    assert SECRET not in json.dumps(answer)
    # Who operates it finds the error in the log; a client's own is none.
    log = app.log.read_text()
    assert SECRET in log and "there is no such article" not in log
    assert SECRET in json.dumps(ask(open_app, "{ broken }"))
    # What is wrong with a query is the client's to know.
    assert "Syntax Error" in refusal(app, "{")
    assert "nothing" in refusal(app, "{ nothing }")
    assert "Int!" in ask(app, "query($n: Int!) { articles(first: $n) { number } }")["errors"][0]["message"]


def test_depth(app: Uvicorn) -> None:
    def deep(levels: int) -> str:
        return "{ articles(first: 1) " + "{ next " * levels + "{ number }" + " }" * levels + " }"

    assert ask(app, deep(8)).get("errors") is None
    assert "deeper than 10" in refusal(app, deep(9))
    hidden = "{ articles(first: 1) { ...A } } fragment A on Article { " + "next { " * 9 + "number" + " }" * 9 + " }"
    assert "deeper than 10" in refusal(app, hidden)
    inline = "{ articles(first: 1) { ... on Article { ... { " + "next { " * 9 + "number" + " }" * 9 + " } } } }"
    assert "deeper than 10" in refusal(app, inline)


def test_cost(app: Uvicorn) -> None:
    assert len(ask(app, "{ articles(first: 400) { number author } }")["data"]["articles"]) == 400
    assert "costs more than 1000" in refusal(app, "{ articles(first: 1000) { number author } }")
    nested = "{ articles(first: 40) { similar(first: 40) { number } } }"
    assert "costs more" in refusal(app, nested)
    # By a variable, by its default, in a fragment, in several fields.
    variable = "query($n: Int!) { articles(first: $n) { number author } }"
    assert "costs more" in refusal(app, variable, {"n": 100_000}) and ask(app, variable, {"n": 3})["data"]
    assert "costs more" in refusal(app, "query($n: Int = 5000) { articles(first: $n) { number } }")
    fragments = "{ ...A ...B } fragment A on Query { articles(first: 900) { number } } fragment B on Query { hello articles(first: 900) { number } }"
    assert "costs more" in refusal(app, fragments)
    second = {"query": "query a { hello } query b { articles(first: 5000) { number } }", "operationName": "b"}
    answer = httpx.post(f"{app.url}/graphql", json=second).json()
    assert answer.get("data") is None and "costs more" in json.dumps(answer["errors"])


@pytest.mark.parametrize(
    "query",
    [
        "{" * 100_000,
        "{ articles(first: 1) " + "{ next " * 300 + "{ number }" + " }" * 300 + " }",
        "{ articles(first: 1) " + "{ next " * 900,
        "{ " + "[" * 900,
        "{ hello(name: " + "[" * 900 + "]" * 900 + ") }",
        "{ hello(name: " + '{a:' * 600 + "1" + "}" * 600 + ") }",
        "query($a: " + "[" * 900 + "Int" + "]" * 900 + ") { hello }",
        "{ " + " ".join(f"a{n}: articles(first: 99) {{ number }}" for n in range(31)) + " }",
        "{ ...A } fragment A on Query { ...A hello }",
        "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
        "{ ...A0 } " + " ".join(f"fragment A{n} on Query {{ ...A{n + 1} ...A{n + 1} }}" for n in range(100)) + " fragment A100 on Query { articles { number } }",
        "{ ...Missing }",
        "\0", "", "{ hello(name: \"\\ud800\") }",
    ],
    ids=lambda query: query[:24],
)
def test_hostile_queries_are_answered_at_once(app: Uvicorn, query: str) -> None:
    start = time.monotonic()
    response = httpx.post(f"{app.url}/graphql", json={"query": query}, timeout=30)
    assert time.monotonic() - start < 10
    assert response.status_code in (200, 400), response.text
    assert response.status_code == 400 or response.json().get("errors"), response.text
    assert SECRET not in response.text and "Traceback" not in response.text
    assert ask(app, "{ hello }")["data"]


class Socket:
    """A client that speaks `graphql-transport-ws`."""

    def __init__(self, app: Uvicorn, protocol: str = "graphql-transport-ws") -> None:
        url = f"ws://127.0.0.1:{app.port}/graphql"
        self.socket = websockets.sync.client.connect(url, subprotocols=[protocol])  # type: ignore[list-item]
        self.socket.send('{"type": "connection_init"}')

    def follow(self, query: str) -> list[Any]:
        assert json.loads(self.socket.recv(5))["type"] == "connection_ack"
        self.socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": query}}))
        heard = []
        while True:
            message = json.loads(self.socket.recv(5))
            if message["type"] == "complete":
                return heard
            heard.append(message["payload"])
            if message["type"] == "error":
                return heard


def test_subscriptions(app: Uvicorn) -> None:
    heard = Socket(app).follow("subscription { count(upTo: 3) }")
    assert [one["data"]["count"] for one in heard] == [1, 2, 3]
    refused = Socket(app).follow("subscription { count(upTo: 3) " + "articles: count(upTo: 3) }")
    assert "data" not in json.dumps(refused) and "one top level field" in json.dumps(refused).replace("root", "top level")
    assert SECRET not in json.dumps(Socket(app).follow("subscription { failing }"))
    with pytest.raises(Exception, match="(?i)4406|subprotocol|403|1002"):
        Socket(app, "graphql-ws").follow("subscription { count }")


def test_a_client_that_leaves(app: Uvicorn) -> None:
    """Its subscription ends: what the resolver holds is given back, and the others go on."""
    stays, leaves = Socket(app), Socket(app)
    for one in (stays, leaves):
        assert json.loads(one.socket.recv(5))["type"] == "connection_ack"
        one.socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": "subscription { endless }"}}))
        assert json.loads(one.socket.recv(5))["payload"]["data"] == {"endless": 1}
    before = len(ask(app, "{ left }")["data"]["left"])
    leaves.socket.close()
    wait_for(lambda: len(ask(app, "{ left }")["data"]["left"]) == before + 1, "the end of its resolver", 10)
    assert "data" in json.loads(stays.socket.recv(5))["payload"]
    stays.socket.close()
    wait_for(lambda: len(ask(app, "{ left }")["data"]["left"]) == before + 2, "the end of the other one", 10)


LOOPS = """
import asyncio
from services.graphql import Context
from services.graphql_schema import graphql_router

async def ask():
    query = "{ articles(first: 3) { author } }"
    result = await graphql_router.schema.execute(query, context_value=Context(None))
    assert not result.errors and len(result.data["articles"]) == 3

async def both():
    await ask()
    await asyncio.to_thread(asyncio.run, ask())
    await asyncio.gather(*(ask() for _ in range(50)))

asyncio.run(both())
asyncio.run(both())
print("fine")
"""


def test_two_event_loops(make_project: Callable[..., Path]) -> None:
    """A loader belongs to its request, and so to the loop of it; the schema to none."""
    assert run_python(written(make_project, "lower"), LOOPS) == "fine\n"


@pytest.mark.parametrize(("name", "value"), [("MAX_DEPTH", "0"), ("MAX_COST", "-1"), ("MAX_DEPTH", "deep"), ("DEBUG", "perhaps"), ("INTROSPECTION", "2")])
def test_bad_settings(make_project: Callable[..., Path], name: str, value: str) -> None:
    """The application does not start with a limit that is none, and says which."""
    code = "try:\n    import main\nexcept ValueError as error:\n    print(error)"
    said = run_python(written(make_project, "lower"), code, **{f"GRAPHQL_{name}": value})
    assert f"graphql_{name.lower()}" in said.lower() and "1 validation error" in said


async def test_200_at_once(app: Uvicorn) -> None:
    """Each request has a context of its own: nobody gets the user of another one."""
    limits = httpx.Limits(max_connections=50)
    async with httpx.AsyncClient(limits=limits, timeout=60) as client:

        async def one(number: int) -> bool:
            body = {"query": "{ me articles(first: 3) { author } }"}
            answer = await client.post(f"{app.url}/graphql", json=body, headers={"X-User": f"user {number}"})
            return bool(answer.json()["data"]["me"] == f"user {number}")

        assert all(await asyncio.gather(*(one(number) for number in range(200))))


FIGURE = """
import asyncio, statistics, time
import strawberry
from services.graphql import Context
from services.graphql_schema import Mutation, Query, graphql_router

async def milliseconds(schema):
    rounds = []
    for _ in range(40):
        start = time.process_time()
        result = await schema.execute("{ articles(first: 50) { number author } }", context_value=Context(None))
        rounds.append((time.process_time() - start) * 1000)
        assert not result.errors
    return statistics.median(rounds)

async def main():
    print(await milliseconds(graphql_router.schema), await milliseconds(strawberry.Schema(Query, Mutation)))

asyncio.run(main())
"""


@pytest.mark.long
def test_figure(make_project: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    """What limits and masks cost: the same query on Strawberry's bare schema."""
    ours, bare = map(float, run_python(written(make_project, "lower"), FIGURE).split())
    with capsys.disabled():
        print(f"\na query of 100 fields: {ours:.2f} ms, on the bare schema {bare:.2f} ms")
    assert ours < bare * 2 + 2


def test_what_it_brings() -> None:
    settings = {setting["name"]: setting["default"] for setting in manifest("graphql")["setting"]}
    assert settings["GRAPHQL_DEBUG"] == settings["GRAPHQL_INTROSPECTION"] == "False"
