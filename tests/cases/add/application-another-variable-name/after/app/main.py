from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import fastapi

from app.config import settings
from app.services.cache import start_redis, stop_redis
from app.services.metrics import MetricsMiddleware, metrics_router
from app.services.tracing import setup_tracing, stop_tracing


@asynccontextmanager
async def lifespan(app: fastapi.FastAPI) -> AsyncIterator[None]:
    """Start and stop what the application uses."""
    await start_redis()
    yield
    await stop_redis()
    await stop_tracing()


api: fastapi.FastAPI = fastapi.FastAPI(title=settings.name, lifespan=lifespan)
api.add_middleware(MetricsMiddleware)
api.include_router(metrics_router)
setup_tracing(api)


@api.get("/")
def root():
    return {}
