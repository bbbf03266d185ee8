from fastapi import FastAPI

from app.api import router
from app.config import settings

app = FastAPI(title=settings.name)
app.include_router(router)
