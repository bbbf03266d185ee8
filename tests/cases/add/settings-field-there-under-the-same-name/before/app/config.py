from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    name: str = "demo"
    redis_url: str  # where the cache is
    port: int = 8000


settings = Settings()
