from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.config import settings


@asynccontextmanager
async def lifespan(app: FastAPI):
    yield
    yield


app = FastAPI(title=settings.name, lifespan=lifespan)


@app.get("/switch")
async def switch() -> None:
    app.router.lifespan_context = lifespan
