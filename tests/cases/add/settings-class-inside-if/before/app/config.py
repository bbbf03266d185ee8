import os

from pydantic_settings import BaseSettings

if os.environ.get("ENV") != "test":

    class Settings(BaseSettings):
        name: str = "demo"

    settings = Settings()
