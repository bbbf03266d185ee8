from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.config import settings

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
    yield


app = FastAPI(title=settings.name, lifespan=lifespan)
app.add_middleware(MetricsMiddleware)
