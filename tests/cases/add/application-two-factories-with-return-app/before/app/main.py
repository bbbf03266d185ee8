from fastapi import FastAPI

from app.config import settings


def create_admin() -> FastAPI:
    app = FastAPI(title="admin")
    return app


def create_app() -> FastAPI:
    app = FastAPI(title=settings.name)
    app.mount("/admin", create_admin())
    return app


app = create_app()
