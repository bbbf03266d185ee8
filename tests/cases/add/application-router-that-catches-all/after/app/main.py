from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.frontend import router
from app.services.metrics import MetricsMiddleware, metrics_router
from app.services.tracing import setup_tracing, stop_tracing


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Start and stop what the application uses."""
    yield
    await stop_tracing()


app = FastAPI(lifespan=lifespan)
app.include_router(metrics_router)
app.add_middleware(MetricsMiddleware)
app.include_router(router)
setup_tracing(app)
