from contextlib import asynccontextmanager

from fastapi import FastAPI


@asynccontextmanager
async def lifespan(app: FastAPI, start_redis: bool = False):
    print(start_redis)
    yield


app = FastAPI(lifespan=lifespan)
