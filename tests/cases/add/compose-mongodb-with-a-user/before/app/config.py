from pydantic import MongoDsn
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    name: str = "demo"
    mongodb_url: MongoDsn = MongoDsn("mongodb://localhost:27018")


settings = Settings()
