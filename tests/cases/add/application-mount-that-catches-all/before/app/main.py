from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from app.config import settings

app = FastAPI(title=settings.name)

app.mount("/", StaticFiles(directory="static", html=True))
