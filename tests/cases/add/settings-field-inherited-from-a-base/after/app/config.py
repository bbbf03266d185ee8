from pydantic import Field
from pydantic_settings import BaseSettings


class Base(BaseSettings):
    redis_url: str = "redis://cache.internal:6379/3"


class Settings(Base):
    name: str = "demo"

    # Redis
    redis_max_connections: int = Field(default=50, ge=1)
    cache_key_prefix: str = ""
    cache_fail_open: bool = False


settings = Settings()
