from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from config import settings
from services.metrics import MetricsMiddleware, metrics_router
from services.tracing import setup_tracing, stop_tracing


class Api:
    def __init__(self, app: FastAPI, prefix: str) -> None:
        self.app = app
        self.prefix = prefix


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Start and stop what the application uses."""
    yield
    await stop_tracing()


def make_api() -> Api:
    api = Api(
        app=FastAPI(title=settings.title, lifespan=lifespan),
        prefix="/v1",
    )
    api.app.add_middleware(MetricsMiddleware)
    api.app.include_router(metrics_router)
    setup_tracing(api.app)
    return api


def create_app() -> FastAPI:
    made = make_api()
    return made.app
