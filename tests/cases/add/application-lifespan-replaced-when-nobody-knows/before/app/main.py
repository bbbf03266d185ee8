from contextlib import asynccontextmanager

from fastapi import FastAPI


@asynccontextmanager
async def other(app):
    yield


app = FastAPI()


@app.get("/switch")
async def switch():
    app.router.lifespan_context = other
