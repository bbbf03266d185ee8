from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.services import cache
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


app = FastAPI(title=cache["title"], lifespan=lifespan)
app.add_middleware(MetricsMiddleware)
app.include_router(metrics_router)
setup_tracing(app)
