from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.config import settings

if settings.name == "demo":

    @asynccontextmanager
    async def lifespan(app):
        yield

else:

    @asynccontextmanager
    async def lifespan(app):
        print("up")
        yield


app = FastAPI(lifespan=lifespan)
