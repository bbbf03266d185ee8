from pydantic import field_validator
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    name: str = "demo"

    @field_validator("name")
    @classmethod
    def strip(cls, value: str) -> str:
        return value.strip()

    port: int = 8000

    @field_validator("port")
    @classmethod
    def positive(cls, value: int) -> int:
        if value < 1:
            raise ValueError("too small")
        return value


settings = Settings()
