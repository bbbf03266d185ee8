from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.config import Settings

settings = Settings()


@asynccontextmanager
async def lifespan(app: FastAPI):
    yield


app = FastAPI(title=settings.name, lifespan=lifespan)
