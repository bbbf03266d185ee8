from pydantic_settings import BaseSettings


class Base(BaseSettings):
    pass  # nothing yet


class Settings(Base):
    pass  # nothing here either


settings = Settings()
