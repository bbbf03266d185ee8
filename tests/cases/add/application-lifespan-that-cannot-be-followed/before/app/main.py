from fastapi import FastAPI

from app.config import settings
from somewhere import build

app = FastAPI(title=settings.name, lifespan=build(settings))
