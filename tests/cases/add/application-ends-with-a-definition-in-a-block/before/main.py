from contextlib import asynccontextmanager

from fastapi import FastAPI, Request

from config import settings


@asynccontextmanager
async def lifespan(app: FastAPI):
    yield


app = FastAPI(lifespan=lifespan)

if settings.debug:

    @app.middleware("http")
    async def show(request: Request, call_next):
        print(request.url)
        return await call_next(request)
