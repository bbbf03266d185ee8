from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    name: str = "demo"
    redis_url: int = 6379


settings = Settings()
