from pydantic_settings import BaseSettings


class WithName(BaseSettings):
    name: str = "demo"


class WithDebug(BaseSettings):
    debug: bool = False


class Settings(WithName, WithDebug):
    """All of them."""


settings = Settings()
