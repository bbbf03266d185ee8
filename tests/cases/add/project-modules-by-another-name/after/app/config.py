from pydantic import Field
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    name: str = "demo"

    # Redis
    redis_url: str = "redis://localhost:6379/0"
    redis_max_connections: int = Field(default=50, ge=1)
    cache_key_prefix: str = ""
    cache_fail_open: bool = False

    # ARQ
    arq_redis_url: str = "redis://localhost:6379/1"
    arq_max_jobs: int = Field(default=10, ge=1)
    arq_job_timeout: int = Field(default=300, ge=1)
    arq_metrics_port: int = Field(default=0, ge=0)


settings = Settings()
