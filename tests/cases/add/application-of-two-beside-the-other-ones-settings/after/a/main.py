from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from a.services.cache import start_redis, stop_redis


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Start and stop what the application uses."""
    await start_redis()
    yield
    await stop_redis()


app = FastAPI(lifespan=lifespan)
