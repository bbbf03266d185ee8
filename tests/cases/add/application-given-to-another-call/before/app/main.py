from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from app.config import settings

app = CORSMiddleware(FastAPI(title=settings.name), allow_origins=["*"])

