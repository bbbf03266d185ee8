from fastapi import FastAPI

from app.config import settings


def create_app(testing: bool = False) -> FastAPI:
    app = FastAPI(title=settings.name)
    if testing:
        return app

    @app.get("/health")
    def health():
        def inner():
            return app

        return inner() and {"ok": True}

    return app


app = create_app()
