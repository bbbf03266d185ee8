from pydantic_settings import BaseSettings


class ValidatorConfig(BaseSettings):
    strict: bool = True


VALIDATOR_CONFIG = ValidatorConfig()
