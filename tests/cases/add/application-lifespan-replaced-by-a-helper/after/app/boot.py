from contextlib import asynccontextmanager


@asynccontextmanager
async def other(app):
    yield


def install(application):
    application.router.lifespan_context = other
