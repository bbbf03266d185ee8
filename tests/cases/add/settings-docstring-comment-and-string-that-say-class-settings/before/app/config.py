"""How to add a setting:

class Settings(BaseSettings):
    debug: bool = False
"""

from pydantic_settings import BaseSettings

# class Settings(BaseSettings):
#     old: int = 1

TEMPLATE = """
class Settings(BaseSettings):
    name: str
"""


class Settings(BaseSettings):
    """class Settings(BaseSettings): the one in use."""

    name: str = "demo"


settings = Settings()
