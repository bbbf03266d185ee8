"""What two components do together, and each of them alone."""

import asyncio
import re
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from conftest import Projects, RedisServer, add, paxx, run_python
from email_support import SmtpServer
from queue_support import ArqWorker, TaskiqRunner, arq_environment, taskiq_environment
from redis_support import imported


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    server = SmtpServer()
    yield server
    server.stop()


class Queue:
    """A project with `email` and one of the two queues, and what its worker is."""

    def __init__(self, kind: str, project: Path) -> None:
        self.kind, self.project = kind, project
        self.module = f"services.email_{kind}"
        # The pauses between tries are shorter here.
        for name in (f"email_{kind}.py", "taskiq.py"):
            path = project / "services" / name
            if path.exists():
                path.write_text(re.sub(r"^RETRY_DELAY = .*$", "RETRY_DELAY = 0.3", path.read_text(), flags=re.MULTILINE))

    def environment(self, redis: RedisServer, smtp: SmtpServer) -> dict[str, str]:
        known = arq_environment(redis) if self.kind == "arq" else taskiq_environment(redis)
        return {**known, "EMAIL_BACKEND": "smtp", "SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(smtp.port), "EMAIL_FROM": "app@example.org"}

    def worker(self, redis: RedisServer, **env: str) -> ArqWorker | TaskiqRunner:
        if self.kind == "arq":
            return ArqWorker(self.project, "services.tasks", redis, **env)
        return TaskiqRunner(self.project, redis, modules=(), **env)

    async def result(self, job: Any) -> Any:
        if self.kind == "arq":
            return await job.result(timeout=20, poll_delay=0.05)
        found = await job.wait_result(timeout=20, check_interval=0.05)
        if found.error is not None:
            raise found.error
        return found.return_value


@pytest.fixture(scope="module", params=["arq", "taskiq"])
def queue(request: pytest.FixtureRequest, projects: Projects) -> Queue:
    return Queue(request.param, projects.make(request.param, "email"))


async def test_email_is_sent_by_the_worker(queue: Queue, redis_server: RedisServer, smtp: SmtpServer) -> None:
    """With no edit by hand: queued here, sent there; what may succeed later is tried again, what may not is an error."""
    templates = queue.project / "templates" / "email"
    templates.mkdir(parents=True, exist_ok=True)
    (templates / "welcome.txt").write_text("Hello {{ name }}")
    env = queue.environment(redis_server, smtp)
    worker = queue.worker(redis_server, **env)
    try:
        with imported(queue.project, queue.module, "services.email", f"services.{queue.kind}", **env) as (later, email, module):
            job = await later.send_email_later(
                ["Ann Li <ann@example.org>", "bob@example.org"], "Welcome",
                template="welcome", context={"name": "Änn"}, cc="carl@example.org",
                attachments=[email.Attachment("a.bin", bytes(range(256)))],
            )  # fmt: skip
            sent = await queue.result(job)
            (message,) = smtp.inbox.messages
            assert message["Message-ID"] == sent and message["Subject"] == "Welcome" and message["To"] == "Ann Li <ann@example.org>, bob@example.org"
            body = message.get_body()
            assert isinstance(body, EmailMessage) and body.get_content().strip() == "Hello Änn"
            (file,) = message.iter_attachments()
            assert file.get_filename() == "a.bin" and file.get_content() == bytes(range(256))  # type: ignore[attr-defined]

            smtp.inbox.busy = 2
            job = await later.send_email_later("ann@example.org", "Again", text="x")
            sent = await queue.result(job)
            assert smtp.inbox.busy == 0 and [each["Subject"] for each in smtp.inbox.messages] == ["Welcome", "Again"]

            for to, why in (("nobody@example.org", "550"), ("no address", "is not an e-mail address")):
                job = await later.send_email_later(to, "Never", text="x")
                with pytest.raises(Exception, match=why):
                    await queue.result(job)
            with pytest.raises(Exception, match="JSON|serializ|Cannot send"):
                await later.send_email_later("ann@example.org", "No JSON", text="x", context={"x": object()})
            assert await later.send_email_later("a@example.org", "Once", text="x", _job_id="once", _defer_by=1) is not None
            assert await later.send_email_later("a@example.org", "Once", text="x", _job_id="once", _defer_by=1) is None
            # The worker starts again, and finds what was queued without it.
            assert worker.stop() == 0, worker.log.read_text()
            job = await later.send_email_later("ann@example.org", "While it was away", text="x")
            worker = queue.worker(redis_server, **env)
            await queue.result(job)
            assert {each["Subject"] for each in smtp.inbox.messages} >= {"While it was away"}
            many = [await later.send_email_later(f"u{number}@example.org", str(number), text="x") for number in range(50)]
            await asyncio.gather(*(queue.result(each) for each in many))
            assert {str(number) for number in range(50)} <= {each["Subject"] for each in smtp.inbox.messages}
            await getattr(module, f"stop_{queue.kind}")()
    finally:
        worker.stop()
    log = worker.log.read_text()
    assert "Hello" not in log and "ann@example.org" not in log, log


@pytest.mark.parametrize("kind", ["arq", "taskiq"])
def test_each_alone_and_in_any_order(projects: Projects, kind: str) -> None:
    """The module that joins the two comes with the second of them, whichever that is, and goes with the first that goes."""
    both = projects.make(kind, "email")
    joined = f"services/email_{kind}.py"
    for first, second in ((kind, "email"), ("email", kind)):
        project = projects.fresh("lower")
        add(project, first)
        assert not (project / joined).exists()
        run_python(project, f"import services.{first}")
        add(project, second)
        assert (project / joined).read_text() == (both / joined).read_text()
        paxx(project, "check")
        paxx(project, "remove", second, "--yes")
        assert not (project / joined).exists() and (project / f"services/{first}.py").exists()
        paxx(project, "check")
        add(project, second)
        paxx(project, "remove", "email", kind, "--yes")
        assert not (project / joined).exists()


RATELIMIT = """
import asyncio
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from services.ratelimit import RateLimit

app = FastAPI()

@app.get("/", dependencies=[Depends(RateLimit("2/minute", name="two"))])
def root(): return 1

with TestClient(app) as client:
    print([client.get("/").status_code for _ in range(4)])
try:
    from services.metrics import REGISTRY
except ImportError:
    print("no metrics")
else:
    for outcome in ("within", "refused"):
        print(outcome, REGISTRY.get_sample_value("ratelimit_requests_total", {"limit": "two", "outcome": outcome}))
"""


def test_rate_limits_count_in_the_metrics(projects: Projects) -> None:
    """With both, and without metrics."""
    statuses = "[200, 200, 429, 429]\n"
    env = {"RATELIMIT_REDIS_URL": ""}
    assert run_python(projects.make("ratelimit", "metrics"), RATELIMIT, **env) == statuses + "within 2.0\nrefused 2.0\n"
    assert run_python(projects.make("ratelimit"), RATELIMIT, **env) == statuses + "no metrics\n"
