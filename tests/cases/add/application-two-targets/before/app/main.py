from fastapi import FastAPI

app, version = FastAPI(), "1"
