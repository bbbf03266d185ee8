from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    name: str = "demo"


settings = Settings()
