from pydantic import SecretStr
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    name: str = "demo"

    # E-mail
    email_backend: str = "console"
    email_from: str = "noreply@example.com"
    email_templates: str = "templates/email"
    email_api_key: SecretStr | None = None
    email_api_url: str = ""


settings = Settings()
