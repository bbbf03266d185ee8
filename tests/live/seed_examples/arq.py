"""Usage blocks of the seeds for `arq`, verbatim but for the module path (`core` is `services`)."""

EXAMPLES = [
    {
        "seed": "infrastructure.md",
        "section": "ARQ (Background Tasks): Usage, define tasks",
        "code": '''\
async def send_welcome_email(ctx, user_id: int):
    """Send welcome email to a new user."""
    # Your email sending logic here
    print(f"Sending welcome email to user {user_id}")

class WorkerSettings:
    functions = [send_welcome_email]
    redis_settings = RedisSettings.from_dsn(settings.arq_redis_url)
''',
    },
    {
        "seed": "infrastructure.md",
        "section": "ARQ (Background Tasks): Usage, enqueue",
        "code": '''\
from services.arq import enqueue

# Enqueue a task
await enqueue("send_welcome_email", user_id=123)

# With delay
await enqueue("send_reminder", user_id=123, _defer_by=timedelta(hours=24))
''',
    },
    {
        "seed": "extensions.md",
        "section": "ARQ (Background Tasks): Usage, define tasks",
        "code": '''\
async def send_welcome_email(ctx, user_id: int):
    """Send welcome email to a new user."""
    print(f"Sending welcome email to user {user_id}")

class WorkerSettings:
    functions = [send_welcome_email]
    redis_settings = RedisSettings.from_dsn(settings.arq_redis_url)
''',
    },
    {
        "seed": "extensions.md",
        "section": "ARQ (Background Tasks): Usage, enqueue",
        "code": '''\
from services.arq import enqueue

# Enqueue a task
await enqueue("send_welcome_email", user_id=123)

# With delay
await enqueue("send_reminder", user_id=123, _defer_by=timedelta(hours=24))
''',
    },
]
