from fastapi import FastAPI

from app.config import settings

if settings.name:
    app = FastAPI(docs_url=None)
else:
    app = FastAPI()


@app.get("/")
async def root():
    return {}
