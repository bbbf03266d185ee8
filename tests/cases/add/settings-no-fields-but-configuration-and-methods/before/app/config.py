from pydantic_settings import BaseSettings, SettingsConfigDict


class Base(BaseSettings):
    name: str = "demo"


class Settings(Base):
    model_config = SettingsConfigDict(env_file=".env")

    def title(self) -> str:
        return self.name


settings = Settings()
