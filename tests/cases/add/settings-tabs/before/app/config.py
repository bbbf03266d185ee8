from pydantic_settings import BaseSettings


class Settings(BaseSettings):
	name: str = "demo"

	@property
	def title(self) -> str:
		return self.name.title()


settings = Settings()
