from fastapi import FastAPI

from app.config import settings

app = FastAPI(title=settings.name,
              docs_url=None)
