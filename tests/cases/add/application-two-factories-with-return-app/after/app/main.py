from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.config import settings
from app.services.cache import start_redis, stop_redis
from app.services.metrics import MetricsMiddleware, metrics_router
from app.services.tracing import setup_tracing, stop_tracing


def create_admin() -> FastAPI:
    app = FastAPI(title="admin")
    return app


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Start and stop what the application uses."""
    await start_redis()
    yield
    await stop_redis()
    await stop_tracing()


def create_app() -> FastAPI:
    app = FastAPI(title=settings.name, lifespan=lifespan)
    app.add_middleware(MetricsMiddleware)
    app.include_router(metrics_router)
    setup_tracing(app)
    app.mount("/admin", create_admin())
    return app


app = create_app()
