import fastapi

from app.config import settings

api: fastapi.FastAPI = fastapi.FastAPI(title=settings.name)


@api.get("/")
def root():
    return {}
