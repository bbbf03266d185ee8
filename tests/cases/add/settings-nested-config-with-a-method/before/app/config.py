from typing import Any

from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    name: str = "demo"
    hosts: list[str] = ["*"]

    class Config:
        env_file = ".env"
        case_sensitive = True

        @classmethod
        def parse_env_var(cls, field_name: str, raw_val: str) -> Any:
            if field_name == "hosts":
                return raw_val.split(",")
            return cls.json_loads(raw_val)


settings = Settings()
