from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.config import settings
from app.services.arq import start_arq, stop_arq
from app.services.redis_cache import start_redis, stop_redis


@asynccontextmanager
async def lifespan(app: FastAPI):
    await start_redis()
    await start_arq()
    yield
    await stop_arq()
    await stop_redis()


app = FastAPI(title=settings.name, lifespan=lifespan)
