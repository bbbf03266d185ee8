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
from arq.connections import RedisSettings, create_pool
from arq.jobs import JobStatus
from arq.worker import Worker, create_worker
from conftest import RedisServer, Uvicorn, free_port, wait_for
from otlp_receiver import OtlpReceiver
from queue_support import ArqWorker, arq_environment
from redis.exceptions import ConnectionError as RedisConnectionError
from redis_support import clients, imported, protected_server, run_block
from seed_examples.arq import EXAMPLES
from websockets.asyncio.client import connect

PASSWORD = "s3cr3t-w0rd"

TASKS = '''
"""More tasks for the tests, added as a user would add them."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

from arq.worker import Retry
from services.arq import enqueue, task
from services.cache import cache_get, cache_set
from services.tasks import WorkerSettings, count_waiting_jobs
from arq.cron import cron


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


@task
async def retry(ctx: dict[str, Any]) -> int:
    if ctx["job_try"] < 3:
        raise Retry(defer=0.1)
    return ctx["job_try"]


@task
async def killed_once(ctx: dict[str, Any], mark: str) -> int:
    if not Path(mark).exists():
        Path(mark).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return ctx["job_try"]


WorkerSettings.functions += [add, fail, visit, unserialisable, sleep, retry, killed_once]


class ByTheSecond(WorkerSettings):
    cron_jobs = [cron(count_waiting_jobs, second=set(range(60)))]


class Own(WorkerSettings):
    functions = [add]
    max_jobs = 3


class OwnKilled(WorkerSettings):
    functions = [killed_once]


class OwnBelow(Own):
    """Of a subclass of a subclass."""

    functions = [add, sleep]
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


@pytest.fixture(scope="module")
def project(make_project: Callable[..., Path]) -> Path:
    path = make_project("redis", "arq")
    (path / "live_tasks.py").write_text(TASKS)
    (path / "live_app.py").write_text(APP)
    return path


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
    with imported(project, "services.arq", **arq_environment(shared_server)) as module:
        yield module


@pytest.fixture
def lonely(project: Path, redis_server: RedisServer) -> Iterator[Any]:
    """The generated module, without a worker."""
    with imported(project, "services.arq", **arq_environment(redis_server)) as module:
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
    follower = await queue.get_job(job_id)
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
    await pool.zadd(queue.QUEUE, {"bomb": 1})
    while await pool.zscore(queue.QUEUE, "bomb") is not None:
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


# -- What the worker starts ------------------------------------------------------------------


NOTIFY = '''
"""Jobs that use what the other components bring."""

from typing import Any

from opentelemetry import trace
from services.arq import enqueue, task
from services.storage import get_storage
from services.tasks import WorkerSettings
from services.ws import manager


@task
async def notify(ctx: dict[str, Any], client_id: str) -> str:
    await manager.send_personal(client_id, {"done": ctx["job_id"]})
    await get_storage().upload("report.txt", b"done")
    span = trace.get_current_span().get_span_context()
    return f"{span.trace_id:032x}"


@task
async def chain(ctx: dict[str, Any], client_id: str) -> str:
    job = await enqueue("notify", client_id)
    assert job
    return str(await job.result(timeout=10, poll_delay=0.05))


WorkerSettings.functions += [notify, chain]
'''

NOTIFIED = '''
from contextlib import asynccontextmanager

from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from opentelemetry import trace
from services.arq import enqueue, start_arq, stop_arq
from services.tracing import setup_tracing, stop_tracing
from services.ws import manager


@asynccontextmanager
async def lifespan(app: FastAPI):
    await start_arq()
    await manager.start_pubsub()
    yield
    await manager.stop_pubsub()
    await stop_arq()
    await stop_tracing()


app = FastAPI(lifespan=lifespan)
setup_tracing(app)


@app.websocket("/live/{client_id}")
async def endpoint(websocket: WebSocket, client_id: str) -> None:
    await manager.connect(websocket, client_id)
    try:
        while True:
            await websocket.receive_text()
    except WebSocketDisconnect:
        manager.disconnect(client_id)


@app.post("/live/{name}/{client_id}")
async def start(name: str, client_id: str) -> list[str]:
    job = await enqueue(name, client_id)
    assert job
    result = await job.result(timeout=10, poll_delay=0.05)
    return [f"{trace.get_current_span().get_span_context().trace_id:032x}", result]
'''


async def test_a_job_uses_what_the_application_starts(
    make_project: Callable[..., Path], redis_server: RedisServer, serve: Callable[..., Uvicorn]
) -> None:
    """A message of a job reaches the application's WebSocket clients; a job uses the storage; its spans are in the trace of
    the request that queued it, and arrive; also those of a job that a job has queued."""
    project = make_project("redis", "arq", "storage", "websocket", "metrics")
    (project / "live_tasks.py").write_text(NOTIFY)
    (project / "live_app.py").write_text(NOTIFIED)
    with OtlpReceiver() as receiver:
        env = {
            "ARQ_REDIS_URL": redis_server.url(1), "REDIS_URL": redis_server.url(0), "WS_REDIS_URL": redis_server.url(2),
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
        }
        port = free_port()
        worker = ArqWorker(project, "live_tasks", redis_server, **env, ARQ_METRICS_PORT=str(port))
        server = serve(project, "live_app:app", **env)
        async with connect(f"ws://127.0.0.1:{server.port}/live/me") as client, httpx.AsyncClient(timeout=20) as http:
            for name in ("notify", "chain"):
                answer = await http.post(f"{server.url}/live/{name}/me")
                assert answer.status_code == 200, answer.text
                ours, of_the_job = answer.json()
                assert ours == of_the_job != "0" * 32
                while (message := json.loads(await asyncio.wait_for(client.recv(), 5))) == {"type": "ping"}:
                    pass
                assert list(message) == ["done"]
            metrics = (await http.get(f"http://127.0.0.1:{port}/metrics")).text
        assert 'arq_job_seconds_count{outcome="complete",task="notify"} 2.0' in metrics
        assert 'arq_job_seconds_count{outcome="complete",task="chain"} 1.0' in metrics
        assert (project / "uploads/report.txt").read_bytes() == b"done"
        assert await asyncio.to_thread(worker.stop) == 0, worker.log.read_text()
        spans = [span for span in receiver.spans() if span.name in ("notify", "chain")]
        assert sorted(span.name for span in spans) == ["chain", "notify", "notify"]
        chain = next(span for span in spans if span.name == "chain")
        assert chain.span_id in [span.parent_id for span in spans]
        assert all(span.parent_id and not span.error for span in spans)
        log = worker.log.read_text() + server.stop()
    assert "Traceback" not in log, log
    assert clients(redis_server) == []


def test_a_job_without_the_other_components(queue: Any) -> None:
    """Nothing is written into a job for a tracer that is not there, and nothing is started that the project does not have."""
    job = json.loads(queue.serialize({"t": None, "f": "add", "a": [1], "k": {}, "et": 1}))
    assert not job.get("trace")
    assert [queue._service(path) for path in ("storage.start_storage", "ws.manager.start_pubsub")] == [None, None]


# -- Restarts, kills, the log ----------------------------------------------------------------


async def test_redis_restarts(project: Path, lonely: Any, redis_server: RedisServer) -> None:
    """The worker waits for a Redis that restarts, while it is idle and while it has much to do; then it goes on."""
    worker = ArqWorker(project, "live_tasks", redis_server)
    for seconds, waiting in ((3.0, 0), (0.5, 300)):
        for number in range(waiting):
            await lonely.enqueue("sleep", 0.01 * (number % 3))
        await asyncio.sleep(0.3)
        await asyncio.to_thread(redis_server.stop)
        await lonely.stop_arq()
        await asyncio.sleep(seconds)
        await asyncio.to_thread(redis_server.start)
        assert await result(await lonely.enqueue("add", 1)) == {"sum": 1}
        assert worker.process.poll() is None, worker.log.read_text()
    assert await asyncio.to_thread(worker.stop) == 0, worker.log.read_text()
    await lonely.stop_arq()


async def test_a_killed_job_runs_again(
    project: Path, lonely: Any, redis_server: RedisServer, tmp_path: Path
) -> None:
    """The docstring of `tasks.py`: ten seconds after ARQ_JOB_TIMEOUT has passed."""
    worker = ArqWorker(project, "live_tasks.OwnKilled", redis_server, ARQ_JOB_TIMEOUT="2")
    job = await lonely.enqueue("killed_once", str(tmp_path / "mark"))
    start = time.monotonic()
    await asyncio.to_thread(worker.process.wait, 10)
    assert worker.process.returncode == -signal.SIGKILL
    worker = ArqWorker(project, "live_tasks.OwnKilled", redis_server, ARQ_JOB_TIMEOUT="2")
    assert await job.result(timeout=25, poll_delay=0.1) == 2
    assert 10 < time.monotonic() - start < 18
    assert await asyncio.to_thread(worker.stop) == 0
    await lonely.stop_arq()


async def test_no_argument_and_no_result_in_the_log(
    project: Path, lonely: Any, redis_server: RedisServer
) -> None:
    """Arguments may be secret, and so may be results; the job's id and its task stay in the log."""
    worker = ArqWorker(project, "live_tasks", redis_server)
    job = await lonely.enqueue("add", 4711.25, password="s3cr3t")
    assert await result(job) == {"sum": 4711.25, "password": "s3cr3t"}
    job = await lonely.enqueue("fail")
    with pytest.raises(lonely.JobError):
        await result(job)
    assert await asyncio.to_thread(worker.stop) == 0
    log = worker.log.read_text()
    assert ":add()" in log and "no such user" in log
    assert "4711.25" not in log and "s3cr3t" not in log
    assert "Logging error" not in log
    await lonely.stop_arq()


# -- Settings of one's own ---------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Own", "OwnBelow"])
async def test_a_subclass_of_the_settings(project: Path, lonely: Any, redis_server: RedisServer, name: str) -> None:
    """arq reads what a class itself defines; a subclass of ours has the rest all the same."""
    with imported(project, "live_tasks", ARQ_REDIS_URL=redis_server.url(1)) as tasks:
        ours, own = tasks.WorkerSettings, create_worker(getattr(tasks, name), handle_signals=False)
        assert (own.max_jobs, own.job_timeout_s, own.queue_name) == (3, ours.job_timeout, lonely.QUEUE)
        assert (own.job_serializer, own.on_startup) == (ours.job_serializer, ours.on_startup)
    started = ArqWorker(project, f"live_tasks.{name}", redis_server)
    assert await result(await lonely.enqueue("add", 1)) == {"sum": 1}
    assert started.check() == 0
    assert await asyncio.to_thread(started.stop) == 0, started.log.read_text()
    await lonely.stop_arq()


async def test_settings_that_are_not_derived_from_ours(
    project: Path, lonely: Any, redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """The seeds' own `WorkerSettings`, and whatever else of arq uses this Redis: it does not spoil our jobs, nor we its; the
    application's start says why nothing runs."""
    block = next(example["code"] for example in EXAMPLES if "WorkerSettings" in example["code"])
    names = "from arq.connections import RedisSettings\nfrom settings import settings\n"
    (project / "seed_tasks.py").write_text(names + block)
    other = ArqWorker(project, "seed_tasks", redis_server)
    wait_for(lambda: other.check() == 0, "a healthy worker")
    await lonely.start_arq()
    assert "must derive from tasks.WorkerSettings" in " ".join(caplog.text.split())
    job = await lonely.enqueue("send_welcome_email", user_id=1)
    pool = await create_pool(RedisSettings(port=redis_server.port, database=1))
    foreign = await pool.enqueue_job("send_welcome_email", 2)
    assert foreign and await foreign.result(timeout=10, poll_delay=0.05) is None
    assert await job.status() == JobStatus.queued

    worker = ArqWorker(project, "services.tasks", redis_server)
    assert await result(job) == "welcome email sent to user 1"
    wait_for(lambda: worker.check() == 0, "a healthy worker")
    caplog.clear()
    await lonely.start_arq()
    assert caplog.text == ""
    for each in (other, worker):
        assert await asyncio.to_thread(each.stop) == 0
        assert "DeserializationError" not in each.log.read_text()
    await pool.aclose()
    await lonely.stop_arq()


async def test_retry(queue: Any) -> None:
    """`raise Retry(defer=...)`: the task runs again."""
    assert await result(await queue.enqueue("retry")) == 3
    await queue.stop_arq()


async def test_the_retry_example(
    project: Path, lonely: Any, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mail server that is away: the example's job waits 10 s and is tried again."""
    from services import tasks  # type: ignore[import-not-found]

    async def away(user_id: int) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(tasks, "deliver", away)
    job = await lonely.enqueue("send_welcome_email", user_id=1)
    assert job
    worker = create_worker(tasks.WorkerSettings, burst=True, handle_signals=False, poll_delay=0.01, max_burst_jobs=1)
    before = time.time()
    await worker.main()
    info = await job.info()
    assert info and 9 < info.score / 1000 - before < 13
    assert worker.jobs_retried == 1
    await worker.close()
    await lonely.stop_arq()


def test_cron(project: Path, redis_server: RedisServer) -> None:
    """The example of a job that runs by the clock, here each second."""
    worker = ArqWorker(project, "live_tasks.ByTheSecond", redis_server)
    wait_for(lambda: worker.log.read_text().count("cron:count_waiting_jobs") >= 4, "a job by the clock", 10)
    assert worker.stop() == 0
    assert "Traceback" not in worker.log.read_text()
    with imported(project, "services.tasks", ARQ_REDIS_URL=redis_server.url(1)) as tasks:
        assert [job.name for job in tasks.WorkerSettings.cron_jobs] == ["cron:count_waiting_jobs"]


async def test_readiness(lonely: Any, redis_server: RedisServer) -> None:
    """`check_arq()` raises, within its time, when the queue is away or does not answer."""
    await lonely.check_arq()
    assert redis_server.process
    redis_server.process.send_signal(signal.SIGSTOP)
    try:
        start = time.monotonic()
        with pytest.raises(asyncio.TimeoutError):
            await lonely.check_arq(0.3)
        assert time.monotonic() - start < 1
    finally:
        redis_server.process.send_signal(signal.SIGCONT)
    await lonely.check_arq()
    redis_server.stop()
    with pytest.raises(RedisConnectionError):
        await lonely.check_arq()
    await lonely.stop_arq()


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
            assert left["WorkerSettings"].redis_settings == lonely.redis_settings()
            assert await lonely.enqueue("send_welcome_email", user_id=123)
            own = type("Own", (Generated,), {"functions": left["WorkerSettings"].functions})
            worker = create_worker(own, burst=True, handle_signals=False, poll_delay=0.01)
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
