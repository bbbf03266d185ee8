from fastapi import FastAPI

from app.admin import admin

app = FastAPI()
app.mount("/admin", admin)
