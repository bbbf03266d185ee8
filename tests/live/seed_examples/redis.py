"""Usage blocks of the seeds for `redis`, verbatim but for the module path (`core` is `services`)."""

EXAMPLES = [
    {
        "seed": "infrastructure.md",
        "section": "Redis: Usage",
        "code": '''\
from services.cache import cache_get, cache_set, cache_delete, get_redis

# Simple caching
await cache_set("user:123", {"name": "John"}, expire=3600)
user = await cache_get("user:123")
await cache_delete("user:123")

# Direct Redis access
redis = await get_redis()
await redis.incr("page_views")
''',
    },
]
