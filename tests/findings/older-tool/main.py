"""A project as version 0.2.3 left it: infrastructure beside the application, and no way between them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from settings import settings


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None, None]:
    # Startup
    print(f"{settings.app_name} starts")
    yield
    # Shutdown
    print(f"{settings.app_name} stops")


def create_app() -> FastAPI:
    app = FastAPI(title=settings.app_name, lifespan=lifespan)
    return app


app = create_app()
