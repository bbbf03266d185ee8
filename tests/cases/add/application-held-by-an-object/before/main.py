from fastapi import FastAPI

from config import settings


class Api:
    def __init__(self, app: FastAPI, prefix: str) -> None:
        self.app = app
        self.prefix = prefix


def make_api() -> Api:
    api = Api(
        app=FastAPI(title=settings.title),
        prefix="/v1",
    )
    return api


def create_app() -> FastAPI:
    made = make_api()
    return made.app
