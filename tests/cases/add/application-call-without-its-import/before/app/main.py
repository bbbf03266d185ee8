from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.config import settings


@asynccontextmanager
async def lifespan(app: FastAPI):
    await start_redis()
    yield


app = FastAPI(title=settings.name, lifespan=lifespan)
