"""The `arq` component against a real redis-server and the real `arq` command."""

import asyncio
import inspect
import json
import logging
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from arq.connections import RedisSettings
from arq.jobs import JobStatus
from arq.worker import Worker, create_worker
from conftest import RedisServer, Uvicorn, wait_for
from redis.exceptions import ConnectionError as RedisConnectionError
from redis_support import clients, imported, protected_server, run_block
from seed_examples.arq import EXAMPLES

PASSWORD = "s3cr3t-w0rd"

TASKS = '''
"""More tasks for the tests, added as a user would add them."""

import asyncio
from typing import Any

from services.arq import enqueue
from services.cache import cache_get, cache_set
from services.tasks import WorkerSettings


async def add(ctx: dict[str, Any], *numbers: int, **more: Any) -> Any:
    return {"sum": sum(numbers), **more}


async def fail(ctx: dict[str, Any]) -> None:
    raise ValueError("no such user: ü")


async def visit(ctx: dict[str, Any], key: str) -> Any:
    await cache_set(key, {"seen": True})
    job = await enqueue("add", 1, 2)
    assert job
    return [await cache_get(key), job.job_id]


async def unserialisable(ctx: dict[str, Any]) -> object:
    return object()


async def sleep(ctx: dict[str, Any], seconds: float) -> str:
    await asyncio.sleep(seconds)
    return "slept"


WorkerSettings.functions += [add, fail, visit, unserialisable, sleep]
WorkerSettings.allow_abort_jobs = True
'''

APP = '''
"""An application that is wired the way the manifest says."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from services.arq import enqueue, start_arq, stop_arq
from services.cache import start_redis, stop_redis


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    await start_redis()
    await start_arq()
    yield
    await stop_arq()
    await stop_redis()


app = FastAPI(lifespan=lifespan)


@app.post("/users/{user_id}/welcome")
async def welcome(user_id: int) -> str | None:
    job = await enqueue("send_welcome_email", user_id=user_id)
    return job and job.job_id
'''


class ArqWorker:
    """`arq MODULE.WorkerSettings` in the project."""

    def __init__(self, project: Path, target: str, server: RedisServer) -> None:
        self.project = project
        self.target = target
        self.env = {**os.environ, "ARQ_REDIS_URL": server.url(1), "REDIS_URL": server.url(0)}
        self.log = project / f"{target}.{server.port}.log"
        self.process = subprocess.Popen(
            self.command(), cwd=project, env=self.env, stdout=self.log.open("wb"), stderr=subprocess.STDOUT
        )
        wait_for(lambda: "redis_version" in self.log.read_text() or self.process.poll() is not None, "the worker")
        assert self.process.poll() is None, self.log.read_text()

    def command(self, *options: str) -> list[str]:
        return [str(Path(sys.executable).parent / "arq"), f"{self.target}.WorkerSettings", *options]

    def check(self) -> int:
        """What `arq --check` exits with."""
        return subprocess.run(self.command("--check"), cwd=self.project, env=self.env, capture_output=True).returncode

    def stop(self) -> int:
        """Sends SIGTERM; returns what the worker exits with."""
        self.process.terminate()
        try:
            return self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


@pytest.fixture(scope="module")
def project(make_project: Callable[..., Path]) -> Path:
    path = make_project("redis", "arq")
    (path / "live_tasks.py").write_text(TASKS)
    (path / "live_app.py").write_text(APP)
    return path


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """The Redis of the shared worker."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def worker(project: Path, shared_server: RedisServer) -> Iterator[ArqWorker]:
    """One worker for all tests that only want a job done."""
    worker = ArqWorker(project, "live_tasks", shared_server)
    yield worker
    if worker.process.poll() is None:
        assert worker.stop() == 0, worker.log.read_text()


@pytest.fixture
def queue(project: Path, worker: ArqWorker, shared_server: RedisServer) -> Iterator[Any]:
    """The generated module, with a worker on its queue."""
    env = {"ARQ_REDIS_URL": shared_server.url(1), "REDIS_URL": shared_server.url(0)}
    with imported(project, "services.arq", **env) as module:
        yield module


@pytest.fixture
def lonely(project: Path, redis_server: RedisServer) -> Iterator[Any]:
    """The generated module, without a worker."""
    env = {"ARQ_REDIS_URL": redis_server.url(1), "REDIS_URL": redis_server.url(0)}
    with imported(project, "services.arq", **env) as module:
        yield module


async def result(job: Any) -> Any:
    return await job.result(timeout=10, poll_delay=0.05)


async def test_enqueue_worker_result(queue: Any) -> None:
    """Must show: "enqueue -> worker -> result"."""
    job = await queue.enqueue("send_welcome_email", user_id=123)
    assert await result(job) == "welcome email sent to user 123"
    job = await queue.enqueue("add", 1, 2, 3, name="ü", function_name="f")
    assert await result(job) == {"sum": 6, "name": "ü", "function_name": "f"}
    await queue.stop_arq()


async def test_arguments_travel_as_json(queue: Any) -> None:
    """COMPONENTS.md: "JSON serialisers on both sides, none of pickle"."""
    identifier = UUID("12345678-1234-5678-1234-567812345678")
    at = datetime(2026, 1, 2, tzinfo=timezone.utc)
    job = await queue.enqueue("add", at=at, id=identifier)
    assert await result(job) == {"sum": 0, "at": "2026-01-02T00:00:00+00:00", "id": str(identifier)}
    await queue.stop_arq()


async def test_a_task_uses_the_cache_and_the_queue(queue: Any, shared_server: RedisServer) -> None:
    """The worker runs no lifespan of FastAPI: `startup()` opens what tasks need."""
    job = await queue.enqueue("visit", "visited")
    value, job_id = await result(job)
    assert value == {"seen": True}
    assert shared_server.cli("get", "visited") == '{"seen": true}'
    follower = type(job)(job_id, await queue.get_pool(), _deserializer=queue.deserialize)
    assert await result(follower) == {"sum": 3}
    await queue.stop_arq()


async def test_defer_by(queue: Any) -> None:
    """Must show: "`_defer_by=2` is deferred, then complete"."""
    start = time.monotonic()
    job = await queue.enqueue("add", 1, _defer_by=2)
    assert await job.status() == JobStatus.deferred
    await asyncio.sleep(1)
    assert await job.status() == JobStatus.deferred
    assert await result(job) == {"sum": 1}
    assert await job.status() == JobStatus.complete
    assert 1.9 < time.monotonic() - start < 6
    await queue.stop_arq()


async def test_a_duplicate_job_id_gives_none(queue: Any) -> None:
    """Must show: "a duplicate `_job_id` gives None"; while it waits, and once it is done."""
    job = await queue.enqueue("add", 1, _job_id="once", _defer_by=0.5)
    assert await queue.enqueue("add", 1, _job_id="once") is None
    assert await result(job) == {"sum": 1}
    assert await queue.enqueue("add", 1, _job_id="once") is None
    await queue.stop_arq()


async def test_a_failing_job_carries_its_error_text(queue: Any, shared_server: RedisServer) -> None:
    """Must show: "a failing job carries its error text"."""
    job = await queue.enqueue("fail")
    with pytest.raises(queue.JobError, match="ValueError: no such user: ü"):
        await result(job)
    info = await job.result_info()
    assert info.success is False
    assert str(info.result) == "ValueError: no such user: ü"
    job = await queue.enqueue("unserialisable")
    with pytest.raises(queue.JobError, match="unable to serialize result"):
        await result(job)
    job = await queue.enqueue("no_such_task")
    with pytest.raises(queue.JobError, match="no_such_task"):
        await result(job)
    await queue.stop_arq()


async def test_abort(queue: Any) -> None:
    """arq's own `Job.abort()` knows the abortion by the exception that comes back."""
    job = await queue.enqueue("sleep", 30)
    while await job.status() != JobStatus.in_progress:
        await asyncio.sleep(0.02)
    assert await job.abort(timeout=10) is True
    await queue.stop_arq()


async def test_the_raw_value_in_redis_is_json(queue: Any, shared_server: RedisServer) -> None:
    """Must show: "the raw value in Redis is JSON"; the job's and the result's."""
    job = await queue.enqueue("add", 1, name="x", _defer_by=0.5)
    raw = json.loads(shared_server.cli("-n", "1", "get", f"arq:job:{job.job_id}"))
    assert (raw["f"], raw["a"], raw["k"]) == ("add", [1], {"name": "x"})
    await result(job)
    raw = json.loads(shared_server.cli("-n", "1", "get", f"arq:result:{job.job_id}"))
    assert raw["r"] == {"sum": 1, "name": "x"}
    await queue.stop_arq()


class Bomb:
    """What a pickle that is unpickled would do."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (os.mkdir, (str(self.path),))


async def test_no_pickle_is_loaded(queue: Any, tmp_path: Path) -> None:
    """Issue 3, security: "no pickle"; a pickle in the queue or as a result is not executed."""
    pool = await queue.get_pool()
    bomb = pickle.dumps({"t": None, "f": "add", "a": (Bomb(tmp_path / "owned"),), "k": {}, "et": 1})
    await pool.set("arq:job:bomb", bomb)
    await pool.zadd("arq:queue", {"bomb": 1})
    while await pool.zscore("arq:queue", "bomb") is not None:
        await asyncio.sleep(0.05)
    with pytest.raises(ValueError):
        queue.deserialize(bomb)
    assert not (tmp_path / "owned").exists()
    pickle.loads(bomb)
    assert (tmp_path / "owned").exists(), "the bomb would not have shown anything"
    await queue.stop_arq()


def test_check_and_sigterm(project: Path, redis_server: RedisServer) -> None:
    """Must show: "`arq --check` 0 while the worker runs; SIGTERM exits 0"; no client is left then."""
    worker = ArqWorker(project, "services.tasks", redis_server)
    wait_for(lambda: worker.check() == 0, "a healthy worker")
    assert worker.stop() == 0, worker.log.read_text()
    assert "Traceback" not in worker.log.read_text()
    assert worker.check() != 0
    assert clients(redis_server) == []


async def test_a_running_job_survives_sigterm(project: Path, lonely: Any, redis_server: RedisServer) -> None:
    """Must show: "SIGTERM exits 0"; a short job is finished, a long one stays for the next worker."""
    worker = ArqWorker(project, "live_tasks", redis_server)
    short = await lonely.enqueue("sleep", 1)
    while await short.status() != JobStatus.in_progress:
        await asyncio.sleep(0.02)
    os.kill(worker.process.pid, signal.SIGTERM)
    assert await result(short) == "slept"
    assert await asyncio.to_thread(worker.stop) == 0, worker.log.read_text()
    await lonely.stop_arq()


async def test_five_first_calls_make_one_pool(
    lonely: Any, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Must show: "5 concurrent first calls make one pool"."""
    made = []
    create_pool = lonely.create_pool

    async def counted(*args: Any, **kwargs: Any) -> Any:
        made.append(await create_pool(*args, **kwargs))
        return made[-1]

    monkeypatch.setattr(lonely, "create_pool", counted)
    jobs = await asyncio.gather(*(lonely.enqueue("send_welcome_email", n) for n in range(5)))
    assert len({job.job_id for job in jobs}) == 5
    assert len(made) == 1
    await lonely.stop_arq()
    assert clients(redis_server) == []


def test_two_event_loops(lonely: Any) -> None:
    """Clients belong to one event loop: another loop gets another, and none is closed from the wrong one."""

    async def outer() -> None:
        mine = await lonely.get_pool()

        async def inner() -> None:
            assert await lonely.get_pool() is not mine
            await lonely.stop_arq()

        await asyncio.to_thread(asyncio.run, inner())
        assert await lonely.get_pool() is mine
        assert await lonely.enqueue("send_welcome_email", 1)

    asyncio.run(outer())
    asyncio.run(outer())


async def test_start_and_stop(lonely: Any, redis_server: RedisServer) -> None:
    """COMPONENTS.md: "Stopping what never started is harmless"; start after stop works again."""
    await lonely.stop_arq()
    kept = []  # so that no connection is closed by its deletion
    for _ in range(2):
        await lonely.start_arq()
        kept.append(await lonely.get_pool())
        assert clients(redis_server)
        assert await lonely.enqueue("send_welcome_email", 1)
        await lonely.stop_arq()
        assert clients(redis_server) == []
    await lonely.stop_arq()
    assert kept[0] is not kept[1]


async def test_redis_down(lonely: Any, redis_server: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    """A queue that is down is logged at the start and an error, fast, at a call; when it is back, so is the queue."""
    redis_server.stop()
    start = time.monotonic()
    await lonely.start_arq()
    with pytest.raises(RedisConnectionError, match=f"127.0.0.1:{redis_server.port}"):
        await lonely.enqueue("send_welcome_email", 1)
    assert time.monotonic() - start < 1
    assert "ARQ_REDIS_URL: no connection" in caplog.text
    redis_server.start()
    assert await lonely.enqueue("send_welcome_email", 1)
    await lonely.stop_arq()


@pytest.mark.parametrize("started", [True, False], ids=["after the start", "at the start"])
async def test_a_queue_that_hangs(
    lonely: Any,
    redis_server: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    started: bool,
) -> None:
    """arq sets no time limit on an answer: `start_arq()` and `enqueue()` have one, so that neither the application's start
    nor a request waits for ever."""
    monkeypatch.setattr(lonely, "ENQUEUE_TIMEOUT", 0.3)
    if started:
        await lonely.start_arq()
    assert redis_server.process
    os.kill(redis_server.process.pid, signal.SIGSTOP)
    try:
        if not started:
            await asyncio.wait_for(lonely.start_arq(), 5)
            assert "ARQ_REDIS_URL: no connection" in caplog.text
        began = time.monotonic()
        jobs = [lonely.enqueue("send_welcome_email", 1) for _ in range(20)]  # none waits for another's time to run out
        errors = await asyncio.wait_for(asyncio.gather(*jobs, return_exceptions=True), 10)
        assert [type(error) for error in errors] == [asyncio.TimeoutError] * 20
        assert time.monotonic() - began < 3
    finally:
        os.kill(redis_server.process.pid, signal.SIGCONT)
    assert await lonely.enqueue("send_welcome_email", 1)
    await lonely.stop_arq()
    assert clients(redis_server) == []


def test_no_client_is_left_after_the_application_stops(
    project: Path, redis_server: RedisServer, serve: Callable[..., Uvicorn]
) -> None:
    """Issue 3 (2): the application "starts, serves and stops cleanly (Redis's client list empty, no warning in the log)"."""
    server = serve(project, "live_app:app", ARQ_REDIS_URL=redis_server.url(1), REDIS_URL=redis_server.url(0))
    job_id = httpx.post(f"{server.url}/users/7/welcome").json()
    raw = json.loads(redis_server.cli("-n", "1", "get", f"arq:job:{job_id}"))
    assert raw["k"] == {"user_id": 7}
    log = server.stop()
    assert clients(redis_server) == []
    assert "WARNING" not in log
    assert "Warning" not in log


def test_worker_settings_are_known_to_arq(project: Path, redis_server: RedisServer) -> None:
    """COMPONENTS.md: "Unknown names on `WorkerSettings` are ignored silently by arq [...]: none of those"."""
    with imported(project, "services.tasks", ARQ_REDIS_URL=redis_server.url(1)) as tasks:
        names = {name for name in vars(tasks.WorkerSettings) if not name.startswith("_")}
    assert names <= set(inspect.signature(Worker).parameters)
    assert {"functions", "redis_settings", "job_serializer", "job_deserializer", "max_jobs", "job_timeout"} <= names


@pytest.mark.parametrize(
    "url",
    [
        "",
        f"http://:{PASSWORD}@localhost:6379/1",
        f"redis://:{PASSWORD}/x@localhost:6379/1",
        f"redis://:p@{PASSWORD}/x@localhost:6379/1",
        f"redis://:{PASSWORD}@localhost:port/1",
        f"redis://:x@localhost:6379/{PASSWORD}",
    ],
)
async def test_a_wrong_url_names_the_variable_and_no_password(project: Path, url: str) -> None:
    """Issue 3, security: "no password in an error or log line of a module"."""
    with imported(project, "services.arq", ARQ_REDIS_URL=url) as module:
        with pytest.raises(ValueError, match="ARQ_REDIS_URL") as caught:
            await module.start_arq()
        assert caught.value.__suppress_context__
        assert PASSWORD not in str(caught.value)


async def test_a_refused_password_is_not_shown(
    project: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Issue 3, security: "no password in an error or log line of a module"; neither the application's nor the worker's."""
    caplog.set_level(logging.DEBUG)
    server = protected_server(tmp_path, "another")
    env = {"ARQ_REDIS_URL": f"redis://:{PASSWORD}@127.0.0.1:{server.port}/1"}
    try:
        with imported(project, "services.arq", **env) as module:
            await module.start_arq()
            with pytest.raises(RedisConnectionError) as caught:
                await module.enqueue("send_welcome_email", 1)
        worker = await asyncio.to_thread(
            subprocess.run,
            [str(Path(sys.executable).parent / "arq"), "services.tasks.WorkerSettings"],
            cwd=project, env={**os.environ, **env}, capture_output=True, text=True, timeout=60,
        )
    finally:
        server.stop()
    assert "ARQ_REDIS_URL: no connection" in caplog.text
    assert worker.returncode != 0 and "AuthenticationError" in worker.stderr
    assert PASSWORD not in caplog.text + repr(caught.value) + worker.stdout + worker.stderr


async def test_user_password_and_tls_of_the_url(project: Path, tmp_path: Path) -> None:
    """COMPONENTS.md: "own parsing lost `rediss://` and the user name"; a password is percent-decoded, as redis-py does."""
    with imported(project, "services.arq", ARQ_REDIS_URL="rediss://us%40er:p%40ss%2Fw%25@example.org:7000/3") as module:
        settings = module.redis_settings()
    assert (settings.ssl, settings.username, settings.password) == (True, "us@er", "p@ss/w%")
    assert (settings.host, settings.port, settings.database) == ("example.org", 7000, 3)
    server = protected_server(tmp_path, "p@ss/w")
    try:
        url = f"redis://:p%40ss%2Fw@127.0.0.1:{server.port}/1"
        with imported(project, "services.arq", ARQ_REDIS_URL=url) as module:
            assert await module.enqueue("send_welcome_email", 1)
            await module.stop_arq()
    finally:
        server.stop()


async def test_seed_examples(
    project: Path, lonely: Any, redis_server: RedisServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Issue 3 (3): the usage blocks of the seeds run as printed, missing imports aside, and are counted."""
    from services.tasks import WorkerSettings as Generated  # type: ignore[import-not-found]
    from settings import settings  # type: ignore[import-not-found]

    names = {"RedisSettings": RedisSettings, "settings": settings, "timedelta": timedelta}
    ran = 0
    for example in EXAMPLES:
        redis_server.cli("flushall")
        left = await run_block(example["code"], dict(names))
        ran += 1
        if "WorkerSettings" in left:
            # The tasks of the block, run by the worker of the module.
            assert left["WorkerSettings"].redis_settings == Generated.redis_settings
            assert await lonely.enqueue("send_welcome_email", user_id=123)
            kwargs = {"functions": left["WorkerSettings"].functions, "burst": True, "handle_signals": False}
            worker = create_worker(Generated, **kwargs, poll_delay=0.01)
            await worker.main()
            await worker.close()
            assert "Sending welcome email to user 123" in capsys.readouterr().out
        else:
            pool = await lonely.get_pool()
            welcome, reminder = await pool.queued_jobs()
            assert (welcome.function, welcome.kwargs) == ("send_welcome_email", {"user_id": 123})
            assert (reminder.function, reminder.kwargs) == ("send_reminder", {"user_id": 123})
            assert reminder.score - welcome.score == pytest.approx(24 * 3600 * 1000, abs=5000)
    assert ran == len(EXAMPLES) == 4
    await lonely.stop_arq()
