from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Base(BaseSettings):
    name: str = "demo"


class Settings(Base):
    model_config = SettingsConfigDict(env_file=".env")

    # Redis
    redis_url: str = "redis://localhost:6379/0"
    redis_max_connections: int = Field(default=50, ge=1)
    cache_key_prefix: str = ""
    cache_fail_open: bool = False

    # Storage
    storage_backend: Literal["local", "s3"] = "local"
    storage_local_path: str = "./uploads"
    storage_s3_bucket: str = ""
    storage_s3_region: str = "us-east-1"
    storage_s3_endpoint_url: str = ""
    storage_s3_public_url: str = ""
    storage_s3_access_key: SecretStr | None = None
    storage_s3_secret_key: SecretStr | None = None

    def title(self) -> str:
        return self.name


settings = Settings()
