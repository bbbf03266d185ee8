from functools import lru_cache

from pydantic_settings import BaseSettings, SettingsConfigDict


class BaseConfig(BaseSettings):
    model_config = SettingsConfigDict(env_file=".env", extra="ignore")

    ENV_STATE: str = "dev"


class GlobalConfig(BaseConfig):
    NAME: str = "demo"


class DevConfig(GlobalConfig):
    model_config = SettingsConfigDict(env_prefix="DEV_")


class ProdConfig(GlobalConfig):
    model_config = SettingsConfigDict(env_prefix="PROD_")


@lru_cache
def get_config(state: str) -> GlobalConfig:
    return {"dev": DevConfig, "prod": ProdConfig}[state]()


settings = get_config(BaseConfig().ENV_STATE)
