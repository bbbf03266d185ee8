from fastapi import FastAPI

from app.config import settings


def create_app() -> FastAPI:
    return FastAPI(title=settings.name)

