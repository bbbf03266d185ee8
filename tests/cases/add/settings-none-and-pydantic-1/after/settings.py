"""Settings of the application, read from environment variables and `.env`."""

from pydantic import BaseSettings, Field


class Settings(BaseSettings):
    """What can be configured: each field is an environment variable."""

    # Redis
    redis_url: str = "redis://localhost:6379/0"
    redis_max_connections: int = Field(default=50, ge=1)
    cache_key_prefix: str = ""
    cache_fail_open: bool = False

    class Config:
        """Where the values come from."""

        env_file = ".env"


settings = Settings()
