from fastapi import FastAPI

from app import boot

app = FastAPI()
boot.install(app)


@app.get("/")
async def root():
    return {}
