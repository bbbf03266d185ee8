from pydantic_settings import BaseSettings


class DatabaseSettings(BaseSettings):
    database: str = "x"


class MailSettings(BaseSettings):
    sender: str = "x"


database = DatabaseSettings()
mail = MailSettings()
