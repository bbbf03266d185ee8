from pydantic import SecretStr
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    name: str = "demo"
    redis_host: str = "localhost"
    redis_port: int = 6379
    redis_password: SecretStr | None = None
    redis_db: int = 0


settings = Settings()
