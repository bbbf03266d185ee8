from fastapi import FastAPI

from app.services import cache

app = FastAPI(title=cache["title"])
