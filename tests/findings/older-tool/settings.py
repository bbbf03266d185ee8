from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_file=".env", extra="ignore")

    app_name: str = "ferryboat"


    # Infrastructure
    redis_url: str = "redis://localhost:6379/0"


    # Infrastructure
    storage_backend: str = "local"
    storage_local_path: str = "./uploads"
    storage_s3_bucket: str = ""
    storage_s3_region: str = "us-east-1"
    storage_s3_endpoint_url: str = ""
    storage_s3_access_key: str = ""
    storage_s3_secret_key: str = ""


    # Infrastructure
    otel_service_name: str = "myapp"
    otel_exporter_otlp_endpoint: str = "http://localhost:4317"
    metrics_enabled: str = "true"


    # Infrastructure
    arq_redis_url: str = "redis://localhost:6379/1"
    arq_max_jobs: str = "10"
    arq_job_timeout: str = "300"


settings = Settings()
