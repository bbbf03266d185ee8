"""The `taskiq` component against a real redis-server and the real `taskiq` command."""

import asyncio
import json
import os
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
from conftest import RedisServer, Uvicorn, free_port, wait_for
from queue_support import TaskiqRunner, taskiq_environment
from redis_support import clients, imported, protected_server, run_block
from taskiq.exceptions import SendTaskError, TaskiqResultTimeoutError

PASSWORD = "s3cr3t-w0rd"

JOBS = '''
"""More jobs for the tests, added as a user would add them."""

import asyncio
import os
import signal
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from services.cache import cache_get, cache_set
from services.taskiq import broker, enqueue


class Order(BaseModel):
    id: UUID
    at: datetime


class Final(Exception):
    retry = False


@broker.task("add")
async def add(*numbers: int, **more: Any) -> Any:
    return {"sum": sum(numbers), **more}


@broker.task("ship")
async def ship(order: Order) -> Any:
    assert isinstance(order, Order)
    return order


@broker.task("fail")
async def fail() -> None:
    raise ValueError("no such user: ü")


@broker.task("final", retries=5)
async def final(path: str) -> None:
    with Path(path).open("a") as file:
        file.write("x")
    raise Final("no")


@broker.task("flaky", retries=3)
async def flaky(path: str, good: int) -> str:
    with Path(path).open("a") as file:
        file.write("x")
    tried = len(Path(path).read_text())
    if tried < good:
        raise ValueError(f"try {tried}")
    return f"try {tried}"


@broker.task("visit")
async def visit(key: str) -> Any:
    await cache_set(key, {"seen": True})
    job = await enqueue("add", 1, 2)
    return [await cache_get(key), job and job.task_id]


@broker.task("unserialisable")
async def unserialisable() -> Any:
    return object()


@broker.task("sleep")
async def sleep(seconds: float) -> str:
    await asyncio.sleep(seconds)
    return "slept"


@broker.task("killer")
async def killer(path: str) -> str:
    """Kills its worker the first time."""
    if not Path(path).exists():
        Path(path).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "survived"


@broker.task("tick", schedule=[{"cron": "* * * * *"}])
async def tick() -> None:
    await cache_set("tick", True)
'''

APP = '''
"""An application that is wired the way the manifest says."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from services.taskiq import enqueue, start_taskiq, stop_taskiq


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    await start_taskiq()
    yield
    await stop_taskiq()


app = FastAPI(lifespan=lifespan)


@app.post("/users/{user_id}/welcome")
async def welcome(user_id: int) -> str | None:
    job = await enqueue("send_welcome_email", user_id=user_id)
    return job and job.task_id
'''


@pytest.fixture(scope="module")
def project(make_project: Callable[..., Path]) -> Path:
    path = make_project("taskiq")
    (path / "live_jobs.py").write_text(JOBS)
    (path / "live_app.py").write_text(APP)
    return path


@pytest.fixture(scope="module")
def worker(project: Path, shared_server: RedisServer) -> Iterator[TaskiqRunner]:
    """One worker for all tests that only want a job done."""
    runner = TaskiqRunner(project, shared_server)
    yield runner
    assert runner.stop() == 0, runner.log.read_text()


@pytest.fixture
def queue(project: Path, worker: TaskiqRunner, shared_server: RedisServer) -> Iterator[Any]:
    """The generated module, with a worker on its queue."""
    with imported(project, "services.taskiq", "live_jobs", **taskiq_environment(shared_server)) as (module, _):
        yield module


@pytest.fixture
def lonely(project: Path, redis_server: RedisServer) -> Iterator[Any]:
    """The generated module, without a worker."""
    with imported(project, "services.taskiq", "live_jobs", **taskiq_environment(redis_server)) as (module, _):
        yield module


async def result(job: Any, seconds: float = 15) -> Any:
    return (await job.wait_result(timeout=seconds, check_interval=0.05)).return_value


async def test_enqueue_worker_result(queue: Any) -> None:
    """A job is queued, done, and its result read; arguments are what their annotations say."""
    job = await queue.enqueue("send_welcome_email", user_id=123)
    assert await result(job) == "welcome email sent to user 123"
    assert await result(await queue.enqueue("add", 1, 2, name="ü")) == {"sum": 3, "name": "ü"}
    from live_jobs import Order  # type: ignore[import-not-found]

    order = Order(id=UUID(int=7), at=datetime(2026, 1, 2, 12, 0, tzinfo=timezone.utc))
    back = await result(await queue.enqueue("ship", order))
    assert Order(**back) == order
    await queue.stop_taskiq()


async def test_a_job_uses_the_cache_and_the_queue(queue: Any, shared_server: RedisServer) -> None:
    """The worker runs no lifespan of FastAPI: `startup()` opens what jobs need."""
    value, job_id = await result(await queue.enqueue("visit", "visited"))
    assert value == {"seen": True} and job_id
    assert shared_server.cli("get", "visited") == '{"seen": true}'
    await queue.stop_taskiq()


@pytest.mark.parametrize("how", ["by", "until"])
async def test_deferred(queue: Any, shared_server: RedisServer, how: str) -> None:
    """A deferred job waits in Redis, not in a process, and runs when it is due."""
    start = time.monotonic()
    due = {"_defer_by": timedelta(seconds=2)} if how == "by" else {"_defer_until": datetime.now() + timedelta(seconds=2)}
    job = await queue.enqueue("add", 1, **due)
    assert shared_server.cli("-n", "4", "zcard", "taskiq:deferred") == "1"
    assert await result(job) == {"sum": 1}
    assert 1.9 < time.monotonic() - start < 6
    with pytest.raises(ValueError, match="either"):
        await queue.enqueue("add", 1, _defer_by=1, _defer_until=datetime.now())
    await queue.stop_taskiq()


async def test_a_duplicate_job_id_gives_none(queue: Any) -> None:
    """While it waits, and while its result is kept."""
    job = await queue.enqueue("add", 1, _job_id="once", _defer_by=0.5)
    assert job.task_id == "once"
    assert await queue.enqueue("add", 1, _job_id="once") is None
    assert await result(job) == {"sum": 1}
    assert await queue.enqueue("add", 1, _job_id="once") is None
    await queue.stop_taskiq()


async def test_a_failing_job_carries_its_error_text(queue: Any) -> None:
    """An error is the result, as a text; a result that is no JSON is an error, too; a job that there is not is said at once."""
    found = await (await queue.enqueue("fail")).wait_result(timeout=15, check_interval=0.05)
    assert found.is_err and isinstance(found.error, queue.JobError)
    assert str(found.error) == "ValueError: no such user: ü"
    with pytest.raises(queue.JobError, match="ü"):
        found.raise_for_error()
    found = await (await queue.enqueue("unserialisable")).wait_result(timeout=15, check_interval=0.05)
    assert found.is_err and "object cannot be written as JSON" in str(found.error)
    with pytest.raises(LookupError, match="no_such_job"):
        await queue.enqueue("no_such_job")
    await queue.stop_taskiq()


async def test_retries(queue: Any, tmp_path: Path) -> None:
    """An error is tried again after a while, under the same id; as often as said, and a final one not at all."""
    start = time.monotonic()
    assert await result(await queue.enqueue("flaky", str(tmp_path / "good"), 3), 20) == "try 3"
    assert 3 <= time.monotonic() - start < 15  # after one second, and after two more
    found = await (await queue.enqueue("final", str(tmp_path / "final"))).wait_result(timeout=15, check_interval=0.05)
    assert str(found.error) == "Final: no" and (tmp_path / "final").read_text() == "x"
    await queue.stop_taskiq()


async def test_a_time_limit(project: Path, redis_server: RedisServer) -> None:
    """A job that runs too long is ended, with an error."""
    env = {**taskiq_environment(redis_server), "TASKIQ_JOB_TIMEOUT": "1"}
    runner = TaskiqRunner(project, redis_server, TASKIQ_JOB_TIMEOUT="1")
    with imported(project, "services.taskiq", "live_jobs", **env) as (queue, _):
        found = await (await queue.enqueue("sleep", 30)).wait_result(timeout=15, check_interval=0.05)
        assert found.is_err and str(found.error).startswith("TimeoutError")
        await queue.stop_taskiq()
    assert await asyncio.to_thread(runner.stop) == 0


async def test_what_lies_in_redis_is_json_and_goes(queue: Any, shared_server: RedisServer) -> None:
    """Neither a job nor a result is a pickle; nothing of a job that is done stays but its result, which expires."""
    job = await queue.enqueue("add", 1, name="x", _defer_by=0.5)
    (raw,) = shared_server.cli("-n", "4", "zrange", "taskiq:deferred", "0", "-1").splitlines()
    assert json.loads(raw)["task_name"] == "add"
    await result(job)
    key = f"taskiq:result:{job.task_id}"
    assert json.loads(shared_server.cli("-n", "4", "get", key))["value"] == {"sum": 1, "name": "x"}
    assert 3500 < int(shared_server.cli("-n", "4", "ttl", key)) <= 3600
    wait_for(lambda: shared_server.cli("-n", "4", "xlen", "taskiq:queue") == "0", "the end of the queue")
    assert shared_server.cli("-n", "4", "xpending", "taskiq:queue", "workers").splitlines()[0] == "0"
    await queue.stop_taskiq()


async def test_two_hundred_at_once(queue: Any) -> None:
    """All are done, each once."""
    start = time.monotonic()
    jobs = await asyncio.gather(*(queue.enqueue("add", n) for n in range(200)))
    found = await asyncio.gather(*(result(job, 60) for job in jobs))
    print(f"\n200 jobs, queued at once and their results read: {time.monotonic() - start:.2f} s")
    assert [value["sum"] for value in found] == list(range(200))
    await queue.stop_taskiq()


async def test_before_there_is_a_worker(project: Path, lonely: Any, redis_server: RedisServer) -> None:
    """What is queued before the first worker starts is done, too; SIGTERM exits 0 and leaves no client."""
    job = await lonely.enqueue("add", 1)
    with pytest.raises(TaskiqResultTimeoutError):
        await job.wait_result(timeout=0.3, check_interval=0.1)
    runner = await asyncio.to_thread(TaskiqRunner, project, redis_server)
    assert await result(job) == {"sum": 1}
    assert await asyncio.to_thread(runner.stop) == 0, runner.log.read_text()
    await lonely.stop_taskiq()
    assert clients(redis_server) == []


async def test_a_running_job_at_sigterm(project: Path, lonely: Any, redis_server: RedisServer) -> None:
    """A job that runs is finished before the worker ends."""
    runner = await asyncio.to_thread(TaskiqRunner, project, redis_server)
    job = await lonely.enqueue("sleep", 2)
    wait_for(lambda: "Executing task sleep" in runner.log.read_text(), "its start")
    assert await asyncio.to_thread(runner.stop) == 0, runner.log.read_text()
    assert await result(job, 1) == "slept"
    await lonely.stop_taskiq()


async def test_a_killed_worker_loses_no_job(
    project: Path, lonely: Any, redis_server: RedisServer, tmp_path: Path
) -> None:
    """Another worker takes over what one that died has begun."""
    env = {"TASKIQ_JOB_TIMEOUT": "1"}
    (project / "quick.py").write_text(
        "import services.taskiq as taskiq\ntaskiq.TAKE_OVER_AFTER = 1\nfrom live_jobs import *\nbroker = taskiq.broker\n"
    )
    job = await lonely.enqueue("killer", str(tmp_path / "killed"))
    runner = await asyncio.to_thread(TaskiqRunner, project, redis_server, "worker", "quick", **env)
    try:
        assert await result(job, 40) == "survived"
    finally:
        await asyncio.to_thread(runner.stop)
    await lonely.stop_taskiq()


async def test_redis_goes_and_comes_back(project: Path, lonely: Any, redis_server: RedisServer) -> None:
    """The worker outlives a restart of Redis, one that has lost everything too; `enqueue()` is an error meanwhile, fast."""
    runner = await asyncio.to_thread(TaskiqRunner, project, redis_server)
    assert await result(await lonely.enqueue("add", 1)) == {"sum": 1}
    redis_server.stop()
    start = time.monotonic()
    with pytest.raises((SendTaskError, TimeoutError)):
        await lonely.enqueue("add", 1)
    assert time.monotonic() - start < 6
    wait_for(lambda: "the queue is away" in runner.log.read_text(), "the worker's warning")
    redis_server.start()
    assert await result(await lonely.enqueue("add", 2), 20) == {"sum": 2}
    redis_server.cli("flushall")
    assert await result(await lonely.enqueue("add", 3), 20) == {"sum": 3}
    assert await asyncio.to_thread(runner.stop) == 0, runner.log.read_text()
    await lonely.stop_taskiq()


async def test_a_worker_before_redis(project: Path, lonely: Any, redis_server: RedisServer, caplog: Any) -> None:
    """A Redis that is away at the start stops neither the application nor the worker."""
    redis_server.stop()
    await lonely.start_taskiq()
    assert "TASKIQ_REDIS_URL: no connection" in caplog.text
    runner = await asyncio.to_thread(TaskiqRunner, project, redis_server)
    redis_server.start()
    assert await result(await lonely.enqueue("add", 1), 20) == {"sum": 1}
    assert await asyncio.to_thread(runner.stop) == 0, runner.log.read_text()
    await lonely.stop_taskiq()


async def test_a_queue_that_hangs(lonely: Any, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """No request waits longer than the time limit, and none for another's."""
    monkeypatch.setattr(lonely, "COMMAND_TIMEOUT", 0.5)
    await lonely.start_taskiq()
    assert redis_server.process
    os.kill(redis_server.process.pid, signal.SIGSTOP)
    try:
        start = time.monotonic()
        errors = await asyncio.gather(*(lonely.enqueue("add", 1) for _ in range(20)), return_exceptions=True)
        assert all(isinstance(error, (SendTaskError, TimeoutError, asyncio.TimeoutError)) for error in errors), errors
        assert time.monotonic() - start < 3
    finally:
        os.kill(redis_server.process.pid, signal.SIGCONT)
    assert await lonely.enqueue("add", 1)
    await lonely.stop_taskiq()
    assert clients(redis_server) == []


async def test_cancelled_calls_lose_no_job(lonely: Any, redis_server: RedisServer) -> None:
    """A call that is cancelled has queued its job, or has not: its id is never taken by a job that there is not."""
    await lonely.start_taskiq()
    for number in range(10):
        tasks = [asyncio.create_task(lonely.enqueue("add", n, _job_id=f"{number}-{n}")) for n in range(40)]
        await asyncio.sleep(0.0015 * number)
        for task in tasks[::2]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(lonely.enqueue("add", n, _job_id=f"{number}-{n}") for n in range(40)))
    raw = redis_server.cli("-n", "4", "xrange", "taskiq:queue", "-", "+")
    assert [f"{number}-{n}" for number in range(10) for n in range(40) if raw.count(f'"{number}-{n}"') != 1] == []
    await lonely.stop_taskiq()
    assert clients(redis_server) == []


def test_two_event_loops(lonely: Any, redis_server: RedisServer) -> None:
    """Each loop has its client; one that was never stopped disturbs no other."""
    asyncio.run(lonely.enqueue("add", 1))

    async def outer() -> None:
        assert await lonely.enqueue("add", 1)
        await asyncio.to_thread(asyncio.run, lonely.enqueue("add", 2))
        assert await lonely.enqueue("add", 1)
        await lonely.stop_taskiq()
        await lonely.stop_taskiq()

    asyncio.run(outer())
    assert redis_server.cli("-n", "4", "xlen", "taskiq:queue") == "4"


def test_the_scheduler(project: Path, redis_server: RedisServer) -> None:
    """A job with a schedule is queued when its minute comes."""
    scheduler, runner = TaskiqRunner(project, redis_server, "scheduler"), TaskiqRunner(project, redis_server)
    try:
        wait_for(lambda: redis_server.cli("get", "tick") == "true", "the next minute", 75)
    finally:
        runner.stop()
        scheduler.stop()
    assert "Traceback" not in scheduler.log.read_text()


def test_the_application(project: Path, redis_server: RedisServer, serve: Callable[..., Uvicorn]) -> None:
    """A route queues; no client is left when the application has stopped."""
    server = serve(project, "live_app:app", **taskiq_environment(redis_server))
    job_id = httpx.post(f"{server.url}/users/7/welcome").json()
    raw = redis_server.cli("-n", "4", "xrange", "taskiq:queue", "-", "+")
    assert job_id in raw and '"user_id":7' in raw.replace(" ", "")
    log = server.stop()
    assert clients(redis_server) == [] and "Traceback" not in log


@pytest.mark.parametrize(
    "url",
    ["", f"http://:{PASSWORD}@localhost:6379/1", f"redis://:{PASSWORD}/x@localhost:6379/1",
     f"redis://:p@{PASSWORD}/x@localhost:6379/1", f"redis://:{PASSWORD}@localhost:port/1"],
)
async def test_a_wrong_url_names_the_variable_and_no_password(project: Path, url: str) -> None:
    with imported(project, "services.taskiq", TASKIQ_REDIS_URL=url) as module:
        with pytest.raises(ValueError, match="TASKIQ_REDIS_URL") as caught:
            await module.start_taskiq()
        assert caught.value.__suppress_context__ and PASSWORD not in str(caught.value)


async def test_a_refused_password_is_not_shown(project: Path, tmp_path: Path, caplog: Any) -> None:
    caplog.set_level("DEBUG")
    server = protected_server(tmp_path, "another")
    try:
        url = f"redis://:{PASSWORD}@127.0.0.1:{server.port}/4"
        with imported(project, "services.taskiq", "services.jobs", TASKIQ_REDIS_URL=url) as (module, _):
            await module.start_taskiq()
            with pytest.raises(SendTaskError) as caught:
                await module.enqueue("send_welcome_email", 1)
            await module.stop_taskiq()
    finally:
        server.stop()
    assert "TASKIQ_REDIS_URL: no connection" in caplog.text
    assert PASSWORD not in caplog.text + repr(caught.value) + repr(caught.value.__cause__)


async def test_the_next_steps_run(lonely: Any, next_steps: Callable[..., str], redis_server: RedisServer) -> None:
    """The usage lines, as they are printed."""
    printed = next_steps("taskiq")
    code = [line[3:] for line in printed.splitlines() if line.startswith(("   from ", "   job = ", "   await "))]
    assert len(code) == 4
    names = await run_block("\n".join(code), {})
    assert names["job"].task_id
    assert redis_server.cli("-n", "4", "xlen", "taskiq:queue") == "1"
    assert redis_server.cli("-n", "4", "zcard", "taskiq:deferred") == "1"
    await lonely.stop_taskiq()


MAIL = '''
from typing import Any

from services.email import EmailError, send_email
from services.taskiq import broker


@broker.task("send", retries=5)
async def send(message: dict[str, Any]) -> str:
    return await send_email(**message)
'''


async def test_email_in_the_background(make_project: Callable[..., Path], redis_server: RedisServer) -> None:
    """With `email`: a job sends; a server that is away is tried again, and a refusal is final."""
    from email_support import SmtpServer

    project = make_project("taskiq", "email")
    (project / "live_jobs.py").write_text(MAIL)
    smtp = SmtpServer()
    smtp.stop()
    mail = {"EMAIL_BACKEND": "smtp", "SMTP_HOST": f"127.0.0.1:{smtp.port}"}
    runner = await asyncio.to_thread(TaskiqRunner, project, redis_server, **mail)
    with imported(project, "services.taskiq", "live_jobs", **taskiq_environment(redis_server)) as (queue, _):
        good = await queue.enqueue("send", {"to": "a@example.org", "subject": "Hi", "text": "x"})
        wait_for(lambda: "no answer" in runner.log.read_text() or "Connect" in runner.log.read_text(), "an attempt")
        smtp.start()
        bad = await queue.enqueue("send", {"to": "nobody@example.org", "subject": "Hi", "text": "x"})
        assert (await result(good, 20)).endswith("@example.com>")
        assert "550" in str((await bad.wait_result(timeout=15, check_interval=0.1)).error)
        await queue.stop_taskiq()
    await asyncio.to_thread(runner.stop)
    assert [message["Subject"] for message in smtp.inbox.messages] == ["Hi"]
    smtp.stop()


def test_a_worker_is_healthy_while_it_lives(project: Path, redis_server: RedisServer) -> None:
    """The command of the health check in compose: 0 while the worker lives, else not; also where Redis is away."""
    def check() -> int:
        done = subprocess.run(
            [sys.executable, "-m", "services.taskiq"], cwd=project, env={**os.environ, **taskiq_environment(redis_server)},
            capture_output=True, text=True, timeout=30,
        )
        return done.returncode

    assert check() != 0
    worker = TaskiqRunner(project, redis_server)
    wait_for(lambda: check() == 0, "a healthy worker", 15)
    assert worker.stop() == 0
    (key,) = redis_server.cli("-n", "4", "keys", "taskiq:alive:*").split()
    assert 0 < int(redis_server.cli("-n", "4", "ttl", key)) <= 60
    redis_server.cli("-n", "4", "del", key)
    assert check() != 0
    redis_server.stop()
    assert check() != 0


async def test_jobs_are_counted(make_project: Callable[..., Path], redis_server: RedisServer) -> None:
    """Where the metrics component is, by outcome, at a port of the worker."""
    project = make_project("taskiq", "metrics")
    (project / "live_jobs.py").write_text(JOBS)
    port = free_port()
    worker = TaskiqRunner(project, redis_server, TASKIQ_METRICS_PORT=str(port))
    with imported(project, "services.taskiq", "live_jobs", **taskiq_environment(redis_server)) as (module, _):
        assert await result(await module.enqueue("add", 1, 2)) == {"sum": 3}
        failed = await module.enqueue("fail")
        assert (await failed.wait_result(timeout=15, check_interval=0.05)).is_err
    shown = httpx.get(f"http://127.0.0.1:{port}/metrics").text
    assert 'taskiq_job_seconds_count{outcome="complete",task="add"} 1.0' in shown
    assert 'taskiq_job_seconds_count{outcome="failed",task="fail"} 1.0' in shown
    assert worker.stop() == 0, worker.log.read_text()
