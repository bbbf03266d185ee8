"""The `flags` component against a real redis-server and a real PostgreSQL."""

import asyncio
import json
import logging
import signal
import statistics
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import RedisServer, Uvicorn, free_port, manifest, wait_for
from openfeature import api
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import Reason
from postgis_support import Cluster
from redis_support import clients, imported, run_block
from test_wiring import use

PASSWORD = "s3cr3t-w0rd"
USER = "user-4711-jane"

ROUTES = """\
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, HTTPException
from {services}.flags import flag_enabled, flag_value, flag_values, flags_router

router = APIRouter(prefix="/live")


def admin(x_admin: Annotated[str, Header()] = "") -> None:
    if x_admin != "yes":
        raise HTTPException(403)


router.include_router(flags_router, dependencies=[Depends(admin)])


@router.get("/enabled/{{name}}")
async def enabled(name: str, user: str | None = None, group: str | None = None) -> bool:
    return flag_enabled(name, user, group=group)


@router.get("/values")
async def values(user: str) -> dict[str, Any]:
    return flag_values(user)
"""
ADMIN = {"X-Admin": "yes"}


@pytest.fixture(scope="session")
def project(make_project: Callable[..., Path]) -> Path:
    return make_project("flags")


@pytest.fixture(params=["redis", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """Where flags are kept: an empty Redis, or an empty database."""
    if request.param == "redis":
        server: RedisServer = request.getfixturevalue("redis_server")
        return server.url(3)
    cluster: Cluster = request.getfixturevalue("cluster")
    return cluster.dsn(cluster.database())


@pytest.fixture
def flags(project: Path, url: str) -> Iterator[Any]:
    with imported(project, "services.flags", FLAGS_URL=url) as module:
        yield module


@pytest.fixture
async def started(flags: Any) -> AsyncIterator[Any]:
    await flags.start_flags()
    yield flags
    await flags.stop_flags()


async def test_a_flag_on_off_and_gone(started: Any) -> None:
    enabled = started.flag_enabled
    assert not enabled("new") and enabled("new", default=True)
    await started.set_flag("new", started.Flag())
    assert enabled("new") and enabled("new", user=USER)
    await started.set_flag("new", started.Flag(enabled=False))
    assert not enabled("new", user=USER) and not enabled("new", default=True)
    await started.delete_flag("new")
    assert enabled("new", default=True)
    await started.delete_flag("new")


async def test_percentage_is_stable_and_raising_it_only_adds(started: Any) -> None:
    users = [f"user-{number}" for number in range(10_000)]
    before: set[str] = set()
    for percentage in (0, 0.5, 10, 50, 99, 100):
        await started.set_flag("new", started.Flag(percentage=percentage))
        now = {user for user in users if started.flag_enabled("new", user)}
        assert before <= now
        assert abs(len(now) / 100 - percentage) < 1.5
        assert now == {user for user in users if started.flag_enabled("new", user)}
        before = now
    assert started.flag_enabled("new")
    # Nobody is always the first: each flag has an order of its own.
    await started.set_flag("a", started.Flag(percentage=10))
    await started.set_flag("b", started.Flag(percentage=10))
    both = sum(started.flag_enabled("a", user) and started.flag_enabled("b", user) for user in users)
    assert 50 < both < 160
    # Nobody in particular is off, and numbers are users as well.
    assert not started.flag_enabled("a")
    assert {started.flag_enabled("a", number) for number in range(200)} == {True, False}


async def test_rules_by_user_group_and_list(started: Any) -> None:
    rules = [
        started.Rule(attribute="user", values=[7, "banned"], value=False),
        started.Rule(attribute="group", values=["staff"]),
        started.Rule(attribute="beta", values=[True]),
    ]
    await started.set_flag("new", started.Flag(percentage=0, rules=rules))
    enabled = started.flag_enabled
    assert enabled("new", USER, group="staff") and enabled("new", group=["users", "staff"])
    assert not enabled("new", 7, group="staff") and not enabled("new", "banned", group="staff")
    assert enabled("new", beta=True) and not enabled("new", beta=False)
    assert not enabled("new", USER, group="staffing") and not enabled("new", USER) and not enabled("new")


async def test_values_of_every_kind_through_openfeature(started: Any) -> None:
    values = {"b": True, "s": "blue", "i": 7, "f": 2.5, "o": {"a": [1]}, "l": [1, 2]}
    for name, value in values.items():
        await started.set_flag(name, started.Flag(on=value, off=None, percentage=100))
    client = api.get_client()
    context = EvaluationContext(USER, {"group": "staff"})
    assert client.get_boolean_value("b", False, context) is True
    assert client.get_string_value("s", "", context) == "blue"
    assert client.get_integer_value("i", 0, context) == 7
    assert client.get_float_value("f", 0.0) == 2.5 and client.get_float_value("i", 0.0) == 7.0
    assert client.get_object_value("o", {}) == {"a": [1]} and client.get_object_value("l", []) == [1, 2]
    assert await client.get_boolean_value_async("b", False) is True
    wrong = client.get_boolean_details("s", True, context)
    assert (wrong.value, wrong.error_code) == (True, ErrorCode.TYPE_MISMATCH)
    assert client.get_integer_details("b", 3).error_code == ErrorCode.TYPE_MISMATCH
    unknown = client.get_boolean_details("none", True, context)
    assert (unknown.value, unknown.error_code) == (True, ErrorCode.FLAG_NOT_FOUND)
    rule = started.Rule(attribute="group", values=["staff"])
    await started.set_flag("r", started.Flag(percentage=50, rules=[rule]))
    assert client.get_boolean_details("r", False, context).reason == Reason.TARGETING_MATCH
    assert client.get_boolean_details("r", False, EvaluationContext(USER)).reason == Reason.SPLIT
    assert started.flag_value("s") == "blue" and started.flag_enabled("s", default=True) is True


async def test_handlers_hear_of_changes(started: Any) -> None:
    heard: list[Any] = []
    from openfeature.event import ProviderEvent

    def handler(details: Any) -> None:
        heard.append(details.flags_changed)

    api.add_handler(ProviderEvent.PROVIDER_CONFIGURATION_CHANGED, handler)
    try:
        await started.set_flag("new", started.Flag())
        assert await eventually(lambda: heard == [["new"]])
    finally:
        api.remove_handler(ProviderEvent.PROVIDER_CONFIGURATION_CHANGED, handler)


async def eventually(holds: Callable[[], bool], seconds: float = 2.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        await asyncio.sleep(0.01)
    return holds()


@pytest.mark.parametrize("bad", ["", "ftp://x", f"redis://:{PASSWORD}@x:port/0", f"postgresql://u:{PASSWORD}/1@b/x"])
async def test_a_wrong_url_is_said_without_its_password(project: Path, bad: str) -> None:
    with imported(project, "services.flags", FLAGS_URL=bad) as module:
        with pytest.raises(ValueError, match="FLAGS_URL") as raised:
            await module.start_flags()
        assert PASSWORD not in str(raised.value) and raised.value.__cause__ is None
        assert raised.value.__suppress_context__


async def test_wrong_flags_are_refused(started: Any) -> None:
    for name in ("", "a b", "a/b", "x" * 101, "é"):
        with pytest.raises(ValueError, match="name"):
            await started.set_flag(name, started.Flag())
    for wrong in ({"percentage": -1}, {"percentage": 100.1}, {"percentage": float("nan")}, {"rules": [{}]}):
        with pytest.raises(ValueError):
            started.Flag(**wrong)
    with pytest.raises((TypeError, ValueError)):
        await started.set_flag("new", started.Flag(on=float("inf")))
    assert started.all_flags() == {}


async def test_start_and_stop_in_any_order(flags: Any) -> None:
    await flags.stop_flags()
    await flags.start_flags()
    await flags.start_flags()
    await flags.stop_flags()
    await flags.stop_flags()
    await flags.start_flags()
    await flags.set_flag("new", flags.Flag())
    assert flags.flag_enabled("new")
    await flags.stop_flags()
    assert not flags.flag_enabled("new")


def test_two_event_loops(flags: Any) -> None:
    async def work(name: str) -> bool:
        await flags.start_flags()
        await flags.set_flag(name, flags.Flag())
        await flags.stop_flags()
        return True

    assert asyncio.run(work("a")) and asyncio.run(work("b"))


async def test_200_changes_at_once(started: Any, url: str, project: Path) -> None:
    """All arrive, in this process and in the store; 200 connections are not made."""
    await asyncio.gather(*(started.set_flag(f"flag-{n}", started.Flag(on=n, percentage=100)) for n in range(200)))
    assert await eventually(lambda: len(started.all_flags()) == 200)
    await asyncio.sleep(0.2)
    assert {started.flag_value(f"flag-{n}") for n in range(200)} == set(range(200))


async def test_a_change_that_is_cancelled_leaves_nothing_open(started: Any, redis_server: RedisServer, url: str) -> None:
    if not url.startswith("redis"):
        pytest.skip("counted in Redis")
    before = clients(redis_server)
    open_before = len(before)
    for _ in range(20):
        task = asyncio.create_task(started.set_flag("new", started.Flag()))
        await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert await eventually(lambda: len(clients(redis_server)) == open_before), (before, clients(redis_server))


async def test_an_entry_that_cannot_be_read_hides_no_other(
    flags: Any, redis_server: RedisServer, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    if not url.startswith("redis"):
        pytest.skip("written by hand to Redis")
    namespace = flags.settings.flags_namespace
    for name, text in {"good": "{}", "junk": "{" + USER, "wrong": '{"percentage": "user-4711-jane"}', "list": "[1]"}.items():
        redis_server.cli("-n", "3", "hset", f"{namespace}:flags", name, text)
    await flags.start_flags()
    assert set(flags.all_flags()) == {"good"} and flags.flag_enabled("good")
    await flags.stop_flags()
    assert "'junk' cannot be read" in caplog.text and USER not in caplog.text


async def test_no_user_leaves_the_process(
    started: Any, url: str, redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Flags leak no user ids: none in the server, in logs, in errors, in what OpenFeature tells, in the values."""
    caplog.set_level(logging.DEBUG)
    await started.set_flag("new", started.Flag(percentage=50))
    await started.set_flag("text", started.Flag(on="blue", off="red", percentage=50))
    client = api.get_client()
    context = EvaluationContext(USER, {"email": USER})
    said = ""
    for name in ("new", "text", "none"):
        started.flag_enabled(name, USER, email=USER)
        details = client.get_boolean_details(name, False, context)
        said += repr(details)
    values = started.flag_values(USER, email=USER)
    assert set(values) == {"new", "text"}
    # A rule that names a user is for administrators: of it, a browser gets its own value alone.
    rule = started.Rule(attribute="user", values=["other-user"])
    await started.set_flag("new", started.Flag(percentage=0, rules=[rule]))
    assert "other-user" not in json.dumps(started.flag_values(USER))
    assert USER not in caplog.text and USER not in said and USER not in repr(values)
    if url.startswith("redis"):
        stored = "".join(redis_server.cli("-n", "3", "hvals", key) for key in redis_server.cli("-n", "3", "keys", "*").split())
        assert stored and USER not in stored


async def test_the_request_path_asks_no_server(started: Any, redis_server: RedisServer, url: str) -> None:
    if not url.startswith("redis"):
        pytest.skip("counted in Redis")
    await started.set_flag("new", started.Flag(percentage=50))
    await asyncio.sleep(0.2)

    def commands() -> int:
        info = redis_server.cli("info", "stats")
        return int(info.split("total_commands_processed:")[1].split()[0])

    before = commands()
    for number in range(1000):
        started.flag_enabled("new", number)
    assert commands() - before <= 1  # the question itself


@pytest.mark.long
async def test_cost(started: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """A figure: a flag of a percentage with two rules, against OpenFeature's own in-memory provider."""
    from openfeature.provider.in_memory_provider import InMemoryFlag, InMemoryProvider

    rules = [started.Rule(attribute="group", values=["staff"]), started.Rule(attribute="plan", values=["pro"])]
    await started.set_flag("new", started.Flag(percentage=50, rules=rules))
    context = EvaluationContext(USER, {"group": "users"})

    def microseconds(call: Callable[[], object]) -> float:
        rounds = []
        for _ in range(5):
            start = time.perf_counter()
            for _ in range(2000):
                call()
            rounds.append((time.perf_counter() - start) / 2000 * 1e6)
        return statistics.median(rounds)

    direct = microseconds(lambda: started.flag_enabled("new", USER, group="users"))
    ours = microseconds(lambda: api.get_client().get_boolean_value("new", False, context))
    api.set_provider_and_wait(InMemoryProvider({"new": InMemoryFlag("on", {"on": True})}), "bare")
    bare = microseconds(lambda: api.get_client("bare").get_boolean_value("new", False, context))
    with capsys.disabled():
        print(f"\nflag_enabled {direct:.1f} us, through OpenFeature {ours:.1f} us, OpenFeature's in-memory {bare:.1f} us")
    assert direct < 100 and ours < bare + 200


@pytest.mark.parametrize("shape", ["lower", "upper"])
def test_two_processes_know_a_change_within_a_second(
    make_project: Callable[..., Path], serve: Callable[..., Uvicorn], cluster: Cluster, url: str, shape: str
) -> None:
    from conftest import SHAPES

    project = make_project("flags", shape=shape)
    use(project, shape, ROUTES.format(services=SHAPES[shape].services))
    env = {"FLAGS_URL": url, "DATABASE_URL": cluster.url(cluster.database()), "REDIS_URL": ""}
    if url.startswith("redis"):
        env["REDIS_URL"] = url
    else:
        env["REDIS_URL"] = f"redis://127.0.0.1:{free_port()}/0"
    one, two = (serve(project, SHAPES[shape].app, **env) for _ in range(2))
    prefix = "/api/v1/live" if shape == "upper" else "/live"
    assert httpx.get(f"{two.url}{prefix}/enabled/new").json() is False
    assert httpx.put(f"{one.url}{prefix}/flags/new", json={}).status_code == 403
    worst = 0.0
    for round_ in range(6):
        wanted = round_ % 2 == 0
        body = {"enabled": wanted, "percentage": 100}
        done = httpx.put(f"{one.url}{prefix}/flags/new", json=body, headers=ADMIN)
        assert done.status_code == 200, done.text
        start = time.monotonic()
        wait_for(lambda: httpx.get(f"{two.url}{prefix}/enabled/new").json() is wanted, "the change", 1)  # noqa: B023
        worst = max(worst, time.monotonic() - start)
        assert httpx.get(f"{one.url}{prefix}/enabled/new").json() is wanted
    print(f"\nthe other process knew after at most {worst * 1000:.0f} ms")
    assert httpx.put(f"{one.url}{prefix}/flags/a b", json={}, headers=ADMIN).status_code == 422
    assert httpx.put(f"{one.url}{prefix}/flags/x", json={"percentage": 101}, headers=ADMIN).status_code == 422
    assert list(httpx.get(f"{two.url}{prefix}/flags", headers=ADMIN).json()) == ["new"]
    assert httpx.delete(f"{two.url}{prefix}/flags/new", headers=ADMIN).status_code == 204
    wait_for(lambda: httpx.get(f"{one.url}{prefix}/flags", headers=ADMIN).json() == {}, "the deletion", 1)
    log = one.stop() + two.stop()
    assert "Traceback" not in log and "FLAGS_URL: no" not in log


def test_redis_away_at_the_start_goes_hangs_and_comes_back(
    make_project: Callable[..., Path], serve: Callable[..., Uvicorn], cluster: Cluster, tmp_path: Path
) -> None:
    project = make_project("flags")
    use(project, "lower", ROUTES.format(services="services"))
    server = RedisServer(tmp_path)
    server.stop()
    url = f"redis://:{PASSWORD}@127.0.0.1:{server.port}/3"
    app = serve(project, "main:app", FLAGS_URL=url, REDIS_URL=server.url(0), DATABASE_URL=cluster.url(cluster.database()))

    def enabled() -> bool:
        start = time.monotonic()
        answer = httpx.get(f"{app.url}/live/enabled/new", timeout=5).json()
        assert time.monotonic() - start < 0.5
        return bool(answer)

    def put(on: bool) -> int:
        body = {"enabled": on}
        return httpx.put(f"{app.url}/live/flags/new", json=body, headers=ADMIN, timeout=20).status_code

    assert enabled() is False and put(True) == 500
    try:
        server.start()
        server.cli("config", "set", "requirepass", PASSWORD)
        wait_for(lambda: put(True) == 200, "the connection", 5)
        assert enabled()
        # Gone: the last copy serves. Back, with other flags: they are read.
        server.stop()
        time.sleep(1)
        assert enabled()
        server.start()
        server.cli("config", "set", "requirepass", PASSWORD)
        wait_for(lambda: not enabled(), "the new server's flags", 5)
        assert put(True) == 200
        # It hangs: the last copy serves; and goes on.
        assert server.process
        server.process.send_signal(signal.SIGSTOP)
        time.sleep(1)
        assert enabled()
        server.process.send_signal(signal.SIGCONT)
        wait_for(lambda: put(False) == 200, "the server's return", 15)
        wait_for(lambda: not enabled(), "the change", 15)
        server.process.send_signal(signal.SIGSTOP)
        start = time.monotonic()
        log = app.stop()
        assert time.monotonic() - start < 8
        assert PASSWORD not in log and "FLAGS_URL: no connection" in log
    finally:
        if server.process:
            server.process.send_signal(signal.SIGCONT)
        server.stop()


async def test_postgresql_cuts_the_connection(project: Path, cluster: Cluster) -> None:
    database = cluster.database()
    with imported(project, "services.flags", FLAGS_URL=cluster.url(database)) as flags:
        await flags.start_flags()
        await flags.set_flag("new", flags.Flag())
        ours = f"pg_stat_activity WHERE datname = '{database}' AND pid <> pg_backend_pid()"
        assert cluster.sql(database, f"SELECT pg_terminate_backend(pid) FROM {ours}") == [(True,)]
        assert flags.flag_enabled("new")
        text = "UPDATE feature_flags.flags SET flag = '{\"enabled\": false}'"
        cluster.sql(database, text)
        assert await eventually(lambda: not flags.flag_enabled("new"), 5)
        # Two processes at once make one table; Alembic sees none of it: it is in a schema of its own.
        assert cluster.sql(database, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]
        await flags.check_flags()
        await flags.stop_flags()
        assert await eventually(lambda: cluster.sql(database, f"SELECT count(*) FROM {ours}") == [(0,)])


async def test_a_first_use_by_many_makes_one_table(project: Path, cluster: Cluster) -> None:
    with imported(project, "services.flags", FLAGS_URL=cluster.dsn(cluster.database())) as flags:
        await asyncio.gather(*(flags.check_flags() for _ in range(20)))


async def test_readiness(flags: Any) -> None:
    await flags.check_flags()
    for scheme in ("redis", "postgresql"):
        flags.settings.flags_url = f"{scheme}://127.0.0.1:{free_port()}/0"
        start = time.monotonic()
        with pytest.raises(Exception, match="(?i)connect"):
            await flags.check_flags(0.5)
        assert time.monotonic() - start < 2


async def test_a_silent_channel_is_no_error(started: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Longer than a command may take, the follower waits and is there."""
    await asyncio.sleep(started.COMMAND_TIMEOUT + 1.5)
    assert "connection" not in caplog.text
    await started.set_flag("new", started.Flag())
    assert started.flag_enabled("new")


async def test_the_next_steps_run(started: Any, next_steps: Callable[..., str]) -> None:
    """The usage that the tool prints, as printed."""
    said = next_steps("flags")
    code = said.split("within a second:\n\n")[1].split("To change flags")[0].rsplit("\n", 1)[0]
    names = await run_block("\n".join(line.strip() for line in code.splitlines()), {})
    assert names["staff"].values == ["staff"]
    assert started.flag_enabled("new-checkout", USER) is False
    code = said.split("uses its client:\n\n")[1].split("To keep the flags")[0].rsplit("\n", 1)[0]
    await run_block("\n".join(line.strip() for line in code.splitlines()), {})


def test_the_manifest_names_what_the_module_imports() -> None:
    requirements = [dependency["requirement"] for dependency in manifest("flags")["dependency"]]
    assert requirements == ["openfeature-sdk>=0.10"]
