from fastapi import FastAPI

from app.config import settings

app = FastAPI()


@app.on_event("startup")
async def up():
    if settings.name:
        return
    print("warm")


@app.on_event("shutdown")
async def down():
    print("down")


@app.get("/")
async def root():
    return {}
