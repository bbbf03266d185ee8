from typing import Literal

from pydantic import SecretStr
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    name: str = "demo"

    # Storage
    storage_backend: Literal["local", "s3"] = "local"
    storage_local_path: str = "./uploads"
    storage_s3_bucket: str = ""
    storage_s3_region: str = "us-east-1"
    storage_s3_endpoint_url: str = ""
    storage_s3_public_url: str = ""
    storage_s3_access_key: SecretStr | None = None
    storage_s3_secret_key: SecretStr | None = None


settings = Settings()
