from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.config import settings


@asynccontextmanager
async def lifespan(app: FastAPI):
    # before
    try:
        yield  # serving
        # after
    finally:
        print("bye")


app = FastAPI(title=settings.name, lifespan=lifespan)
