from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

from app.config import settings
from app.services.cache import start_redis, stop_redis
from app.services.metrics import MetricsMiddleware, metrics_router
from app.services.tracing import setup_tracing, stop_tracing


def add_services(app: FastAPI) -> None:
    """Start and stop services within the lifespan that the application has."""
    application_lifespan = app.router.lifespan_context

    @asynccontextmanager
    async def with_services(app: FastAPI) -> AsyncIterator[Any]:
        async with application_lifespan(app) as state:
            await start_redis()
            yield state
            await stop_tracing()
            await stop_redis()

    app.router.lifespan_context = with_services


if settings.name:
    app = FastAPI(docs_url=None)
else:
    app = FastAPI()
add_services(app)
app.include_router(metrics_router)
app.add_middleware(MetricsMiddleware)
setup_tracing(app)


@app.get("/")
async def root():
    return {}
