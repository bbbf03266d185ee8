from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.config import settings
from app.services.cache import start_redis, stop_redis


@asynccontextmanager
async def lifespan(app: FastAPI):
    # before
    try:
        await start_redis()
        yield  # serving
        # after
    finally:
        await stop_redis()
        print("bye")


app = FastAPI(title=settings.name, lifespan=lifespan)
