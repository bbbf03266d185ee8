from fastapi import FastAPI

from app.config import settings

lifespan = "as long as it takes"
app = FastAPI(title=settings.name)
