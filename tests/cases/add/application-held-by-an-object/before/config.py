from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    title: str = "demo"


settings = Settings()
