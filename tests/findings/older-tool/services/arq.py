from arq import create_pool
from arq.connections import ArqRedis, RedisSettings

from settings import settings


async def get_pool() -> ArqRedis:
    return await create_pool(RedisSettings.from_dsn(settings.arq_redis_url))
