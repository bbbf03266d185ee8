from fastapi import FastAPI

from app.config import settings

app = FastAPI(title=settings.name)


@app.get("/metrics")
def metrics():
    return "mine"
