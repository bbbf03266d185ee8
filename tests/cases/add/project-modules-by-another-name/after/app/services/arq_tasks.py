"""Background tasks, and the worker that runs them.

    arq app.services.arq_tasks.WorkerSettings

A task is an async function listed in `WorkerSettings.functions`; `@task` has it
counted and traced. It may run more than once: a job whose worker is stopped in
the middle starts again, and one whose worker is killed does so ten seconds after
ARQ_JOB_TIMEOUT has passed.

The worker is a process of its own. It starts what the application starts (cache,
storage, WebSocket messages, e-mail, tracing); open what else tasks need in
`startup()`. `brought_tasks()` are those of other components.
It waits some time for a Redis that restarts; let your process manager start it
again if it ends with an error all the same.
"""

import logging
from typing import Any, ClassVar

from arq.connections import RedisSettings
from arq.cron import CronJob, cron
from arq.typing import WorkerCoroutine
from arq.worker import Function, Retry

from app.config import settings

from .arq import (
    QUEUE,
    brought_tasks,
    deserialize,
    serialize,
    start_services,
    stop_services,
    task,
    worker_redis_settings,
)

logger = logging.getLogger(__name__)


@task
async def send_welcome_email(ctx: dict[str, Any], user_id: int) -> str:
    """Send a welcome email to a new user: an example to replace."""
    try:
        await deliver(user_id)
    except OSError as error:  # again in 10 s, 20 s, ... up to max_tries times
        raise Retry(defer=10 * ctx["job_try"]) from error
    return f"welcome email sent to user {user_id}"


async def deliver(user_id: int) -> None:
    """Hand the email over: your mail service goes here."""
    logger.info("welcome email for user %d", user_id)


@task
async def count_waiting_jobs(ctx: dict[str, Any]) -> int:
    """Log the length of the queue: an example of a job that runs by the clock."""
    waiting = int(await ctx["redis"].zcard(QUEUE))
    logger.info("%d jobs in the queue", waiting)
    return waiting


async def startup(ctx: dict[str, Any]) -> None:
    """Open what the tasks use."""
    await start_services()


async def shutdown(ctx: dict[str, Any]) -> None:
    """Close what `startup()` opened."""
    await stop_services()


class WorkerSettings:
    """The worker; arq reads the names that its `Worker` knows."""

    functions: ClassVar[list[WorkerCoroutine | Function]] = [
        send_welcome_email,
        *brought_tasks(),
    ]
    cron_jobs: ClassVar[list[CronJob]] = [
        cron(count_waiting_jobs, minute=0),
    ]
    on_startup = startup
    on_shutdown = shutdown
    queue_name = QUEUE
    redis_settings: ClassVar[RedisSettings] = worker_redis_settings()
    job_serializer = serialize
    job_deserializer = deserialize
    max_jobs = settings.arq_max_jobs
    job_timeout = settings.arq_job_timeout
    job_completion_wait = 5  # seconds that running jobs get at SIGTERM
    health_check_interval = 30  # how old an `arq --check` may be
    allow_abort_jobs = True
    log_results = False  # they may be secret, as arguments may

    def __init_subclass__(cls) -> None:
        """Copy what a subclass inherits: arq reads what is its own."""
        for base in cls.__mro__[1:-1]:
            for name, value in vars(base).items():
                if not name.startswith("_") and name not in vars(cls):
                    setattr(cls, name, value)
