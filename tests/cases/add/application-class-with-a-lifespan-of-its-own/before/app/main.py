from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.config import settings


@asynccontextmanager
async def lifespan(app: FastAPI):
    yield


class Application(FastAPI):
    def __init__(self, **kwargs):
        super().__init__(lifespan=lifespan, **kwargs)


def create_app():
    application = Application(title=settings.name)
    try:
        return application
    finally:
        print("made")


app = create_app()
