from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.services.cache import start_redis, stop_redis


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Start and stop what the application uses."""
    await start_redis()
    yield
    await stop_redis()


def create_app():
    from fastapi import FastAPI

    return FastAPI(lifespan=lifespan)


app = create_app()
