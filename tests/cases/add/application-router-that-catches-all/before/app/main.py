from fastapi import FastAPI

from app.frontend import router

app = FastAPI()
app.include_router(router)
