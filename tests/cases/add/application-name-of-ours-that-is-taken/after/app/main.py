from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.config import settings
from app.services.cache import start_redis as cache_start_redis
from app.services.cache import stop_redis


async def start_redis() -> None:
    print("mine")


@asynccontextmanager
async def lifespan(app: FastAPI):
    await start_redis()
    await cache_start_redis()
    yield
    await stop_redis()


app = FastAPI(title=settings.name, lifespan=lifespan)
