"""The demo.

from here it starts:
import it with
from app.main import app
"""
from fastapi import FastAPI

from app.config import settings

HELP = """
from nowhere import nothing
import less
"""

app = FastAPI(title=settings.name)
