from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.services.metrics import MetricsMiddleware, metrics_router
from app.services.tracing import setup_tracing, stop_tracing


def routes(app):
    pass


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Start and stop what the application uses."""
    yield
    await stop_tracing()


def create_app():
    app = FastAPI(lifespan=lifespan)
    app.add_middleware(MetricsMiddleware)
    app.include_router(metrics_router)
    setup_tracing(app)
    try:
        routes(app)
        return app
    finally:
        print("made")


app = create_app()
