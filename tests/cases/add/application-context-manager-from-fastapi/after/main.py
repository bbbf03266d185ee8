from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.concurrency import asynccontextmanager

from config import settings
from services.cache import start_redis, stop_redis


@asynccontextmanager
async def connection():
    yield


router = APIRouter(on_startup=[lambda: None])


def add_services(app: FastAPI) -> None:
    """Start and stop services within the lifespan that the application has."""
    application_lifespan = app.router.lifespan_context

    @asynccontextmanager
    async def with_services(app: FastAPI) -> AsyncIterator[Any]:
        async with application_lifespan(app) as state:
            await start_redis()
            yield state
            await stop_redis()

    app.router.lifespan_context = with_services


app = FastAPI(debug=settings.debug)
app.include_router(router)
add_services(app)
