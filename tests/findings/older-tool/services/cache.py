from typing import Any

import redis.asyncio as redis

from settings import settings

_redis: redis.Redis | None = None


async def get_redis() -> redis.Redis:
    global _redis
    if _redis is None:
        _redis = redis.from_url(settings.REDIS_URL)
    return _redis


async def cache_get(key: str) -> Any:
    client = await get_redis()
    return await client.get(key)
