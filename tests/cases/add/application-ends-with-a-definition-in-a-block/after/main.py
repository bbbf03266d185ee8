from contextlib import asynccontextmanager

from fastapi import FastAPI, Request

from config import settings
from services.metrics import MetricsMiddleware, metrics_router
from services.tracing import setup_tracing, stop_tracing


@asynccontextmanager
async def lifespan(app: FastAPI):
    yield
    await stop_tracing()


app = FastAPI(lifespan=lifespan)

if settings.debug:

    @app.middleware("http")
    async def show(request: Request, call_next):
        print(request.url)
        return await call_next(request)


app.add_middleware(MetricsMiddleware)
app.include_router(metrics_router)
setup_tracing(app)
