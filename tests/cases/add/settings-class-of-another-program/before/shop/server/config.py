from pydantic_settings import BaseSettings


class ServerConfig(BaseSettings):
    debug: bool = False
