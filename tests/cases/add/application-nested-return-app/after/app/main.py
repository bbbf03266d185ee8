from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.config import settings
from app.services.cache import start_redis, stop_redis
from app.services.metrics import MetricsMiddleware, metrics_router
from app.services.tracing import setup_tracing, stop_tracing


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Start and stop what the application uses."""
    await start_redis()
    yield
    await stop_redis()
    await stop_tracing()


def create_app(testing: bool = False) -> FastAPI:
    app = FastAPI(title=settings.name, lifespan=lifespan)
    app.add_middleware(MetricsMiddleware)
    app.include_router(metrics_router)
    setup_tracing(app)
    if testing:
        return app

    @app.get("/health")
    def health():
        def inner():
            return app

        return inner() and {"ok": True}

    return app


app = create_app()
