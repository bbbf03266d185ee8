from pydantic_settings import BaseSettings


class Base(BaseSettings):
    redis_url: str = "redis://cache.internal:6379/3"


class Settings(Base):
    name: str = "demo"


settings = Settings()
