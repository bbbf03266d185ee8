from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    name: str = "demo"

    # Redis
    redis_url: str = "redis://localhost:6379/0"
    redis_max_connections: int = Field(default=50, ge=1)
    cache_key_prefix: str = ""
    cache_fail_open: bool = False

    # Metrics and tracing
    metrics_enabled: bool = True
    metrics_token: SecretStr | None = None
    otel_service_name: str = "project"
    otel_exporter_otlp_endpoint: str = "http://localhost:4317"

    # WebSocket
    ws_redis_url: str = ""
    ws_heartbeat_interval: int = Field(default=30, ge=0)
    ws_send_timeout: int = Field(default=10, ge=1)
    ws_queue_length: int = Field(default=1000, ge=1)
    ws_queue_bytes: int = Field(default=1048576, ge=1)
    ws_rate_limit: int = Field(default=0, ge=0)


settings = Settings()
