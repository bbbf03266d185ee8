from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.config import settings
from app.services.email import start_email, stop_email


@asynccontextmanager
async def lifespan(app: FastAPI):
    await start_email()
    yield
    await stop_email()


app = FastAPI(title=settings.name, lifespan=lifespan)
