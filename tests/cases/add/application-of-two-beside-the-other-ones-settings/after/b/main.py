from fastapi import FastAPI
from b.settings import settings
app = FastAPI()
