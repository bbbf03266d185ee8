from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from prometheus_fastapi_instrumentator import Instrumentator

from app.config import settings
from app.services.tracing import setup_tracing, stop_tracing


def add_services(app: FastAPI) -> None:
    """Start and stop services within the lifespan that the application has."""
    application_lifespan = app.router.lifespan_context

    @asynccontextmanager
    async def with_services(app: FastAPI) -> AsyncIterator[Any]:
        async with application_lifespan(app) as state:
            yield state
            await stop_tracing()

    app.router.lifespan_context = with_services


app = FastAPI(title=settings.name)
add_services(app)
Instrumentator().instrument(app).expose(app)
setup_tracing(app)
