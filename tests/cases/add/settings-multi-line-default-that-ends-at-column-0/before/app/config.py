from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    name: str = "demo"
    origins: list[str] = [
        "http://localhost",
        "http://localhost:3000",
]


settings = Settings()
