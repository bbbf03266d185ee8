from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.config import settings
from app.services.cache import start_redis, stop_redis


@asynccontextmanager
async def lifespan(app: FastAPI):
    await start_redis()
    yield
    await stop_redis()


app = FastAPI(title=settings.name, lifespan=lifespan)
