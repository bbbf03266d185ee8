from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.config import settings
from app.services.cache import start_redis as cache_start_redis
from app.services.cache import stop_redis
from app.services.metrics import MetricsMiddleware as ServicesMetricsMiddleware
from app.services.metrics import metrics_router
from app.services.tracing import setup_tracing, stop_tracing
from app.services.ws import manager as ws_manager

manager = {"name": settings.name}


class MetricsMiddleware:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        await self.app(scope, receive, send)


async def start_redis():
    print("ours is another")


@asynccontextmanager
async def lifespan(app: FastAPI):
    await start_redis()
    await cache_start_redis()
    await ws_manager.start_pubsub()
    yield
    await ws_manager.stop_pubsub()
    await stop_tracing()
    await stop_redis()


app = FastAPI(title=settings.name, lifespan=lifespan)
app.add_middleware(MetricsMiddleware)
app.add_middleware(ServicesMetricsMiddleware)
app.include_router(metrics_router)
setup_tracing(app)
