from contextlib import asynccontextmanager

from fastapi import FastAPI

from acme.shop.config import settings
from acme.shop.services.cache import start_redis, stop_redis


@asynccontextmanager
async def lifespan(app: FastAPI):
    await start_redis()
    yield
    await stop_redis()


app = FastAPI(title=settings.name, lifespan=lifespan)
