from pydantic_settings import BaseSettings, SettingsConfigDict


class SettingsBase(BaseSettings):
    model_config = SettingsConfigDict(env_file=".env")

    debug: bool = False


class Settings(SettingsBase):
    name: str = "demo"


settings = Settings()
