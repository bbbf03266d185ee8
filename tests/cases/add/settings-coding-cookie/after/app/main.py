from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.config import settings
from app.services.storage import start_storage, stop_storage


@asynccontextmanager
async def lifespan(app: FastAPI):
    await start_storage()
    yield
    await stop_storage()


app = FastAPI(title=settings.name, lifespan=lifespan)
