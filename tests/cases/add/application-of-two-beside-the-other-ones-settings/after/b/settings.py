from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    x: int = 1


settings = Settings()
