from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="DEMO_")

    NAME: str = "demo"
    DEBUG: bool = False

    # Redis
    REDIS_URL: str = "redis://localhost:6379/0"
    REDIS_MAX_CONNECTIONS: int = Field(default=50, ge=1)
    CACHE_KEY_PREFIX: str = ""
    CACHE_FAIL_OPEN: bool = False


settings = Settings()
