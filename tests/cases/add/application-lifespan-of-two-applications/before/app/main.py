from contextlib import asynccontextmanager

from fastapi import FastAPI


@asynccontextmanager
async def lifespan(app: FastAPI):
    yield


app = FastAPI(lifespan=lifespan)
admin = FastAPI(lifespan=lifespan)
app.mount("/admin", admin)
