from fastapi import FastAPI
from prometheus_fastapi_instrumentator import Instrumentator

from app.config import settings

app = FastAPI(title=settings.name)
Instrumentator().instrument(app).expose(app)
