from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.config import settings
from app.services.mongo import start_mongodb, stop_mongodb


@asynccontextmanager
async def lifespan(app: FastAPI):
    await start_mongodb()
    yield
    await stop_mongodb()


app = FastAPI(title=settings.name, lifespan=lifespan)
