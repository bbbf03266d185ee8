from pydantic import Field, field_validator
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    name: str = "demo"

    @field_validator("name")
    @classmethod
    def strip(cls, value: str) -> str:
        return value.strip()

    port: int = 8000

    # Redis
    redis_url: str = "redis://localhost:6379/0"
    redis_max_connections: int = Field(default=50, ge=1)
    cache_key_prefix: str = ""
    cache_fail_open: bool = False

    @field_validator("port")
    @classmethod
    def positive(cls, value: int) -> int:
        if value < 1:
            raise ValueError("too small")
        return value


settings = Settings()
