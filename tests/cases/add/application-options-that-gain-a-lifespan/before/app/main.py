from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.config import settings


@asynccontextmanager
async def lifespan(app: FastAPI):
    yield


options = {"title": settings.name}
options |= {"lifespan": lifespan}
app = FastAPI(**options)
