from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI

from app.config import settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import asynccontextmanager

    from app.services.cache import start_redis

app = FastAPI(title=settings.name)
