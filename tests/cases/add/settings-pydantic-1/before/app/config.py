from pydantic import BaseSettings


class Settings(BaseSettings):
    name: str = "demo"

    class Config:
        env_file = ".env"


settings = Settings()
