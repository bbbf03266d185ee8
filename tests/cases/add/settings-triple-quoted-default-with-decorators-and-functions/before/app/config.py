from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    name: str = "demo"
    snippet: str = """
@app.get("/")
def root():
    return 1
class Settings(BaseSettings):
    pass
"""

    def title(self) -> str:
        return self.name


settings = Settings()
