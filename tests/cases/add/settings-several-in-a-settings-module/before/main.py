from fastapi import FastAPI

from settings import DatabaseSettings, MailSettings

app = FastAPI()
