from pydantic import Field
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    name: str = "demo"

    # Redis
    redis_url: str = "redis://localhost:6379/0"
    redis_max_connections: int = Field(default=50, ge=1)
    cache_key_prefix: str = ""
    cache_fail_open: bool = False


settings = Settings()
