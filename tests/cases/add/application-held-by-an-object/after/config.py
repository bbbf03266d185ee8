from pydantic import SecretStr
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    title: str = "demo"

    # Metrics and tracing
    metrics_enabled: bool = True
    metrics_token: SecretStr | None = None
    otel_service_name: str = "project"
    otel_exporter_otlp_endpoint: str = "http://localhost:4317"


settings = Settings()
