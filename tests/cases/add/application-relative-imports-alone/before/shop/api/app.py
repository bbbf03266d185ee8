from contextlib import asynccontextmanager

from fastapi import FastAPI

from ..config import settings
from .routes import router


@asynccontextmanager
async def lifespan(app: FastAPI):
    yield


app = FastAPI(title=settings.name, lifespan=lifespan)
app.include_router(router)
