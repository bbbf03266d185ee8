from fastapi import FastAPI

try:
    import orjson
except ImportError:
    orjson = None

from app.config import settings

try:
    import uvloop
except ImportError:
    uvloop = None

app = FastAPI(title=settings.name)
