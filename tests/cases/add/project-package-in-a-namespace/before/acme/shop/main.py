from contextlib import asynccontextmanager

from fastapi import FastAPI

from acme.shop.config import settings


@asynccontextmanager
async def lifespan(app: FastAPI):
    yield


app = FastAPI(title=settings.name, lifespan=lifespan)
