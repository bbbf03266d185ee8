try:
    from redis.asyncio import Redis
except ImportError:
    Redis = None
