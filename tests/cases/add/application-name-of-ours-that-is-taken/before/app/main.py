from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.config import settings


async def start_redis() -> None:
    print("mine")


@asynccontextmanager
async def lifespan(app: FastAPI):
    await start_redis()
    yield


app = FastAPI(title=settings.name, lifespan=lifespan)
