from pydantic_settings import BaseSettings


class Base(BaseSettings): debug: bool = False  # seldom: on


class Settings(Base): pass  # nothing: yet


settings = Settings()
