from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

try:
    import orjson
except ImportError:
    orjson = None

from app.config import settings
from app.services.cache import start_redis, stop_redis

try:
    import uvloop
except ImportError:
    uvloop = None


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Start and stop what the application uses."""
    await start_redis()
    yield
    await stop_redis()


app = FastAPI(title=settings.name, lifespan=lifespan)
