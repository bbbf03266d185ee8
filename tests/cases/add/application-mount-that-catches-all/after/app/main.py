from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from app.config import settings
from app.services.metrics import MetricsMiddleware, metrics_router
from app.services.tracing import setup_tracing, stop_tracing


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Start and stop what the application uses."""
    yield
    await stop_tracing()


app = FastAPI(title=settings.name, lifespan=lifespan)
app.add_middleware(MetricsMiddleware)
app.include_router(metrics_router)
setup_tracing(app)

app.mount("/", StaticFiles(directory="static", html=True))
