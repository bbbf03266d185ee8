from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

from app.api import router
from app.config import settings
from app.services.cache import start_redis, stop_redis


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


app = FastAPI(title=settings.name)
app.include_router(router)
add_services(app)
