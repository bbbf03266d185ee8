from pydantic import BaseModel
from pydantic_settings import BaseSettings, SettingsConfigDict


class Database(BaseModel):
    url: str = "sqlite://"


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_nested_delimiter="__")

    name: str = "demo"
    database: Database = Database()


settings = Settings()
