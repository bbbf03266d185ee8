from fastapi import FastAPI

from app.config import settings

try:
    PORT = int(settings.name)
except ValueError, TypeError:
    PORT = 8000

app = FastAPI(title=settings.name)
