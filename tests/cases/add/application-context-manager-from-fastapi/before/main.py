from fastapi import APIRouter, FastAPI
from fastapi.concurrency import asynccontextmanager

from config import settings


@asynccontextmanager
async def connection():
    yield


router = APIRouter(on_startup=[lambda: None])
app = FastAPI(debug=settings.debug)
app.include_router(router)
