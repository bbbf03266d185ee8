from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    name: str = "demo"

    # Metrics and tracing
    metrics_enabled: bool = True
    metrics_token: SecretStr | None = None
    otel_service_name: str = "demo"
    otel_exporter_otlp_endpoint: str = "http://localhost:4317"

    # Redis
    redis_url: str = "redis://localhost:6379/0"
    redis_max_connections: int = Field(default=50, ge=1)
    cache_key_prefix: str = ""
    cache_fail_open: bool = False


settings = Settings()
