from urllib.parse import quote

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    name: str = "demo"
    redis_host: str = "localhost"
    redis_port: int = 6379
    redis_password: SecretStr | None = None
    redis_db: int = 0

    # Redis
    redis_max_connections: int = Field(default=50, ge=1)
    cache_key_prefix: str = ""
    cache_fail_open: bool = False

    # ARQ
    arq_max_jobs: int = Field(default=10, ge=1)
    arq_job_timeout: int = Field(default=300, ge=1)
    arq_metrics_port: int = Field(default=0, ge=0)

    @property
    def redis_url(self) -> str:
        """The URL of redis, from its parts."""
        secret = self.redis_password
        password = quote(secret.get_secret_value() if secret else "", safe="")
        credentials = f":{password}@" if password else ""
        address = f"{self.redis_host}:{self.redis_port}"
        return f"redis://{credentials}{address}/{self.redis_db}"

    @property
    def arq_redis_url(self) -> str:
        """The URL of arq redis, from its parts."""
        secret = self.redis_password
        password = quote(secret.get_secret_value() if secret else "", safe="")
        credentials = f":{password}@" if password else ""
        return f"redis://{credentials}{self.redis_host}:{self.redis_port}/1"


settings = Settings()
