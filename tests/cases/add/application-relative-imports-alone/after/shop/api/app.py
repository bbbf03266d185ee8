from contextlib import asynccontextmanager

from fastapi import FastAPI

from ..config import settings
from ..services.cache import start_redis, stop_redis
from ..services.metrics import MetricsMiddleware, metrics_router
from ..services.tracing import setup_tracing, stop_tracing
from .routes import router


@asynccontextmanager
async def lifespan(app: FastAPI):
    await start_redis()
    yield
    await stop_redis()
    await stop_tracing()


app = FastAPI(title=settings.name, lifespan=lifespan)
app.add_middleware(MetricsMiddleware)
app.include_router(router)
app.include_router(metrics_router)
setup_tracing(app)
