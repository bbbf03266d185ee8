from asyncio import gather
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.responses import JSONResponse

from app.config import settings
from app.services.cache import check_redis, start_redis, stop_redis
from app.services.metrics import MetricsMiddleware, metrics_router
from app.services.tracing import setup_tracing, stop_tracing


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Start and stop what the application uses."""
    await start_redis()
    yield
    await stop_redis()
    await stop_tracing()


def create_app(testing: bool = False) -> FastAPI:
    app = FastAPI(title=settings.name, lifespan=lifespan)
    app.add_middleware(MetricsMiddleware)
    app.include_router(metrics_router)
    setup_tracing(app)
    if testing:
        return app

    @app.get("/health")
    def health():
        def inner():
            return app

        return inner() and {"ok": True}

    @app.get("/health/ready")
    async def health_ready() -> JSONResponse:
        """Tell whether what requests need is there: 200 if so, else 503."""
        checks = {
            "redis": check_redis(),
        }
        found = await gather(*checks.values(), return_exceptions=True)
        failed = [name for i, name in enumerate(checks) if found[i] is not None]
        code = 503 if failed else 200
        return JSONResponse({"ready": not failed, "failed": failed}, code)

    return app


app = create_app()
