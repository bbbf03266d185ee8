from fastapi import FastAPI
from fastapi.responses import (
    HTMLResponse,
    PlainTextResponse,
)
from app.config import (
    settings,
)

app = FastAPI(title=settings.name)
