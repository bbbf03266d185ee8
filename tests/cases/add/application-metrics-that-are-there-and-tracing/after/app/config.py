from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    name: str = "demo"

    # Metrics and tracing
    otel_service_name: str = "project"
    otel_exporter_otlp_endpoint: str = "http://localhost:4317"


settings = Settings()
