from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.config import settings
from app.services.cache import start_redis, stop_redis
from app.services.storage import start_storage, stop_storage


@asynccontextmanager
async def lifespan(app: FastAPI):
    await start_redis()
    await start_storage()
    yield
    await stop_storage()
    await stop_redis()


app = FastAPI(title=settings.name, lifespan=lifespan)
