from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="DEMO_")

    NAME: str = "demo"
    DEBUG: bool = False


settings = Settings()
