#!/usr/bin/env python3
"""Writes projects as they are found on GitHub: templates, courses and tutorials that many began with, each with the verdict for it.

usage: real.py FOLDER [NAME...]     as shapes.py, whose plain project is what most of these replace files of
"""

from __future__ import annotations

import sys
from pathlib import Path

import shapes
from shapes import PYPROJECT, SETTINGS, shape

shapes.SHAPES.clear()

# the full-stack template: uv workspace, backend folder, prestart service
shape("real-full-stack", base={
"pyproject.toml": '[tool.uv.workspace]\nmembers = ["backend"]\n',
"uv.lock": 'version = 1\n',
"backend/pyproject.toml": '''[project]
name = "app"
version = "0.1.0"
description = ""
requires-python = ">=3.10,<4.0"
dependencies = [
    "fastapi[standard]<1.0.0,>=0.114.2",
    "python-multipart<1.0.0,>=0.0.7",
    "email-validator<3.0.0.0,>=2.1.0.post1",
    "passlib[bcrypt]<2.0.0,>=1.7.4",
    "tenacity<9.0.0,>=8.2.3",
    "pydantic>2.0",
    "sqlmodel<1.0.0,>=0.0.21",
    "psycopg[binary]<4.0.0,>=3.1.13",
    "pydantic-settings<3.0.0,>=2.2.1",
    "sentry-sdk[fastapi]<2.0.0,>=1.40.6",
]

[dependency-groups]
dev = [
    "pytest<8.0.0,>=7.4.3",
    "mypy<2.0.0,>=1.8.0",
]

[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[tool.ruff]
target-version = "py310"
exclude = ["alembic"]
''',
"backend/Dockerfile": '''FROM python:3.10

ENV PYTHONUNBUFFERED=1

WORKDIR /app/

COPY --from=ghcr.io/astral-sh/uv:0.5.11 /uv /uvx /bin/

ENV PATH="/app/.venv/bin:$PATH"

COPY ./backend/pyproject.toml ./uv.lock /app/
COPY ./backend/app /app/app

CMD ["fastapi", "run", "--workers", "4", "app/main.py"]
''',
"backend/app/__init__.py": "",
"backend/app/core/__init__.py": "",
"backend/app/api/__init__.py": "",
"backend/app/api/main.py": '''from fastapi import APIRouter

from app.api.routes import utils

api_router = APIRouter()
api_router.include_router(utils.router)
''',
"backend/app/api/routes/__init__.py": "",
"backend/app/api/routes/utils.py": '''from fastapi import APIRouter

router = APIRouter(prefix="/utils", tags=["utils"])


@router.get("/health-check/")
async def health_check() -> bool:
    return True
''',
"backend/app/core/config.py": '''import secrets
import warnings
from typing import Annotated, Any, Literal

from pydantic import (
    AnyUrl,
    BeforeValidator,
    EmailStr,
    HttpUrl,
    PostgresDsn,
    computed_field,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict
from typing_extensions import Self


def parse_cors(v: Any) -> list[str] | str:
    if isinstance(v, str) and not v.startswith("["):
        return [i.strip() for i in v.split(",") if i.strip()]
    elif isinstance(v, list | str):
        return v
    raise ValueError(v)


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        # Use top level .env file (one level above ./backend/)
        env_file="../.env",
        env_ignore_empty=True,
        extra="ignore",
    )
    API_V1_STR: str = "/api/v1"
    SECRET_KEY: str = secrets.token_urlsafe(32)
    # 60 minutes * 24 hours * 8 days = 8 days
    ACCESS_TOKEN_EXPIRE_MINUTES: int = 60 * 24 * 8
    FRONTEND_HOST: str = "http://localhost:5173"
    ENVIRONMENT: Literal["local", "staging", "production"] = "local"

    BACKEND_CORS_ORIGINS: Annotated[
        list[AnyUrl] | str, BeforeValidator(parse_cors)
    ] = []

    @computed_field  # type: ignore[prop-decorator]
    @property
    def all_cors_origins(self) -> list[str]:
        return [str(origin).rstrip("/") for origin in self.BACKEND_CORS_ORIGINS] + [
            self.FRONTEND_HOST
        ]

    PROJECT_NAME: str
    SENTRY_DSN: HttpUrl | None = None
    POSTGRES_SERVER: str
    POSTGRES_PORT: int = 5432
    POSTGRES_USER: str
    POSTGRES_PASSWORD: str = ""
    POSTGRES_DB: str = ""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def SQLALCHEMY_DATABASE_URI(self) -> PostgresDsn:
        return PostgresDsn.build(
            scheme="postgresql+psycopg",
            username=self.POSTGRES_USER,
            host=self.POSTGRES_SERVER,
        )

    def _check_default_secret(self, var_name: str, value: str | None) -> None:
        if value == "changethis":
            warnings.warn(var_name, stacklevel=1)

    @model_validator(mode="after")
    def _enforce_non_default_secrets(self) -> Self:
        self._check_default_secret("SECRET_KEY", self.SECRET_KEY)
        return self


settings = Settings()  # type: ignore
''',
"backend/app/main.py": '''import sentry_sdk
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.middleware.cors import CORSMiddleware

from app.api.main import api_router
from app.core.config import settings


def custom_generate_unique_id(route: APIRoute) -> str:
    return f"{route.tags[0]}-{route.name}"


if settings.SENTRY_DSN and settings.ENVIRONMENT != "local":
    sentry_sdk.init(dsn=str(settings.SENTRY_DSN), enable_tracing=True)

app = FastAPI(
    title=settings.PROJECT_NAME,
    openapi_url=f"{settings.API_V1_STR}/openapi.json",
    generate_unique_id_function=custom_generate_unique_id,
)

# Set all CORS enabled origins
if settings.all_cors_origins:
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.all_cors_origins,
        allow_credentials=True,
        allow_methods=["*"],
        allow_headers=["*"],
    )

app.include_router(api_router, prefix=settings.API_V1_STR)
''',
"backend/scripts/prestart.sh": "#! /usr/bin/env bash\nset -e\nalembic upgrade head\n",
".env": "PROJECT_NAME=x\n",
".gitignore": ".vscode/*\nnode_modules/\n",
"compose.yml": '''services:

  db:
    image: postgres:17
    restart: always
    healthcheck:
      test: ["CMD-SHELL", "pg_isready -U ${POSTGRES_USER} -d ${POSTGRES_DB}"]
      interval: 10s
    volumes:
      - app-db-data:/var/lib/postgresql/data/pgdata
    env_file:
      - .env
    environment:
      - PGDATA=/var/lib/postgresql/data/pgdata
      - POSTGRES_PASSWORD=${POSTGRES_PASSWORD?Variable not set}

  adminer:
    image: adminer
    restart: always
    networks:
      - traefik-public
      - default
    depends_on:
      - db

  prestart:
    image: '${DOCKER_IMAGE_BACKEND?Variable not set}:${TAG-latest}'
    build:
      context: .
      dockerfile: backend/Dockerfile
    networks:
      - traefik-public
      - default
    depends_on:
      db:
        condition: service_healthy
        restart: true
    command: bash scripts/prestart.sh
    env_file:
      - .env
    environment:
      - POSTGRES_SERVER=db

  backend:
    image: '${DOCKER_IMAGE_BACKEND?Variable not set}:${TAG-latest}'
    restart: always
    networks:
      - traefik-public
      - default
    depends_on:
      db:
        condition: service_healthy
        restart: true
      prestart:
        condition: service_completed_successfully
    env_file:
      - .env
    environment:
      - DOMAIN=${DOMAIN}
      - POSTGRES_SERVER=db
      - POSTGRES_PORT=${POSTGRES_PORT}

    healthcheck:
      test: ["CMD", "curl", "-f", "http://localhost:8000/api/v1/utils/health-check/"]
      interval: 10s

    build:
      context: .
      dockerfile: backend/Dockerfile
    labels:
      - traefik.enable=true
      - traefik.http.routers.${STACK_NAME?Variable not set}-backend-https.tls=true

  frontend:
    image: '${DOCKER_IMAGE_FRONTEND?Variable not set}:${TAG-latest}'
    build:
      context: .
      dockerfile: frontend/Dockerfile
      args:
        - VITE_API_URL=https://api.${DOMAIN?Variable not set}
volumes:
  app-db-data:

networks:
  traefik-public:
    # Allow setting it to false for testing
    external: true
''',
}, application="backend/app/main.py", root="backend", settings="backend/app/core/config.py:Settings", compose="compose.yml", app_service="backend", env="")

# uv workspace: api package reads settings of a core package
shape("real-uv-workspace", base={
"pyproject.toml": '[project]\nname = "platform"\nversion = "0"\nrequires-python = ">=3.12"\ndependencies = []\n\n[tool.uv.workspace]\nmembers = ["packages/*"]\n\n[tool.uv.sources]\ncore = { workspace = true }\n',
"packages/core/pyproject.toml": '[project]\nname = "core"\nversion = "0"\ndependencies = ["pydantic-settings>=2"]\n\n[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n',
"packages/core/src/core/__init__.py": "",
"packages/core/src/core/models.py": "class Item:\n    pass\n",
"packages/api/pyproject.toml": '[project]\nname = "api"\nversion = "0"\ndependencies = [\n  "core",\n  "fastapi>=0.115",\n  "pydantic-settings>=2",\n]\n\n[tool.uv.sources]\ncore = { workspace = true }\n\n[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n',
"packages/api/src/api/__init__.py": "",
"packages/api/src/api/config.py": SETTINGS,
"packages/api/src/api/app.py": 'from core.models import Item\nfrom fastapi import FastAPI\n\nfrom .config import settings\n\napp = FastAPI(title=settings.app_name)\n\n\n@app.get("/")\ndef item() -> dict:\n    return {"item": str(Item())}\n',
"docker-compose.yml": 'services:\n  api:\n    build:\n      context: .\n      dockerfile: packages/api/Dockerfile\n    ports: ["8000:8000"]\n',
"packages/api/Dockerfile": 'FROM python:3.12\nWORKDIR /srv\nCOPY . .\nCMD ["uv", "run", "--package", "api", "uvicorn", "api.app:app", "--host", "0.0.0.0"]\n',
"packages/api/.env.example": "APP_NAME=x\n",
}, application="packages/api/src/api/app.py", root="packages/api", import_root="packages/api/src", settings="packages/api/src/api/config.py:Settings", compose="docker-compose.yml", app_service="api", env="packages/api/.env.example")

# factory with parameter, get_settings in another module, nested routers
shape("real-factory-settings-param", base={
"pyproject.toml": PYPROJECT,
"src/shop/__init__.py": "",
"src/shop/settings.py": '''from __future__ import annotations

from functools import lru_cache

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Runtime configuration."""

    model_config = SettingsConfigDict(env_prefix="SHOP_", env_file=".env")

    database_url: str = Field("sqlite://", description="where the data lives")
    log_level: str = "INFO"


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    return Settings()
''',
"src/shop/api/__init__.py": "",
"src/shop/api/deps.py": 'from typing import Annotated\n\nfrom fastapi import Depends\n\nfrom shop.settings import Settings, get_settings\n\nSettingsDep = Annotated[Settings, Depends(get_settings)]\n',
"src/shop/api/v1.py": 'from fastapi import APIRouter\n\nfrom shop.api.deps import SettingsDep\n\nrouter = APIRouter(prefix="/v1")\n\n\n@router.get("/level")\ndef level(settings: SettingsDep) -> str:\n    return settings.log_level\n',
"src/shop/api/router.py": 'from fastapi import APIRouter\n\nfrom shop.api import v1\n\napi_router = APIRouter(prefix="/api")\napi_router.include_router(v1.router)\n',
"src/shop/app.py": '''from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from shop.api.router import api_router
from shop.settings import Settings, get_settings

log = logging.getLogger(__name__)


def create_app(settings: Settings | None = None) -> FastAPI:
    settings = settings or get_settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        log.info("starting")
        try:
            yield
        finally:
            log.info("bye")

    app = FastAPI(lifespan=lifespan)
    app.state.settings = settings

    def register() -> None:
        app.include_router(api_router)

    register()
    return app
''',
"src/shop/__main__.py": 'import uvicorn\n\nif __name__ == "__main__":\n    uvicorn.run("shop.app:create_app", factory=True)\n',
"Procfile": "web: uvicorn shop.app:create_app --factory --host 0.0.0.0 --port $PORT\n",
}, application="src/shop/app.py", import_root="src", settings="src/shop/settings.py:Settings", compose="", env="")

# lifespan in its own module with an exit stack and a state
shape("real-lifespan-module-exit-stack", {
"app/main.py": 'from fastapi import FastAPI\n\nfrom app.core.config import settings\nfrom app.core.lifespan import lifespan\nfrom app.core.middleware import install_middleware\n\napp = FastAPI(lifespan=lifespan, title=settings.app_name)\ninstall_middleware(app)\n',
"app/core/middleware.py": 'from fastapi import FastAPI\nfrom starlette.middleware.gzip import GZipMiddleware\n\n\ndef install_middleware(app: FastAPI) -> None:\n    app.add_middleware(GZipMiddleware)\n',
"app/core/lifespan.py": '''"""What lives as long as the application."""

from contextlib import AsyncExitStack, asynccontextmanager
from typing import AsyncIterator, TypedDict

import httpx
from fastapi import FastAPI


class State(TypedDict):
    http: httpx.AsyncClient


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(httpx.AsyncClient())
        yield {"http": http}
''',
}, application="app/main.py", settings="app/core/config.py:Settings", app_service="app")

# poetry 2 with [project], gunicorn in Dockerfile
shape("real-poetry2-gunicorn", {
"pyproject.toml": '''[project]
name = "demo"
version = "0.1.0"
requires-python = ">=3.11,<4.0"
dependencies = [
    "fastapi (>=0.115.6,<0.116.0)",
    "pydantic-settings (>=2.7.0,<3.0.0)",
    "gunicorn (>=23.0.0,<24.0.0)",
    "uvicorn (>=0.34.0,<0.35.0)"
]

[tool.poetry]
package-mode = false

[tool.poetry.group.dev.dependencies]
pytest = "^8.3.4"

[build-system]
requires = ["poetry-core>=2.0.0,<3.0.0"]
build-backend = "poetry.core.masonry.api"
''',
"poetry.lock": "# @generated\n",
"Dockerfile": 'FROM python:3.12-slim AS base\nWORKDIR /code\nFROM base AS runtime\nCOPY . .\nCMD ["gunicorn", "app.main:app", "-k", "uvicorn.workers.UvicornWorker", "-w", "4", "-b", "0.0.0.0:8000"]\n',
"docker-compose.yml": 'services:\n  web:\n    build:\n      context: .\n      target: runtime\n    ports:\n      - 8000:8000\n    env_file: .env\n',
}, application="app/main.py", settings="app/core/config.py:Settings", app_service="web")

# pdm
shape("real-pdm", {
"pyproject.toml": '[project]\nname = "demo"\ndynamic = ["version"]\nrequires-python = "==3.12.*"\ndependencies = ["fastapi>=0.115.0", "uvicorn>=0.30", "pydantic-settings>=2.4.0"]\n\n[tool.pdm]\ndistribution = false\n\n[tool.pdm.version]\nsource = "scm"\n\n[tool.pdm.dev-dependencies]\ntest = [\n    "pytest>=8",\n]\n\n[tool.pdm.scripts]\nstart = "uvicorn app.main:app"\n',
"pdm.lock": "",
"docker-compose.yml": None, "Dockerfile": None,
}, settings="app/core/config.py:Settings", compose="")

# hatch with src layout, tests env in tool.hatch
shape("real-hatch-src", base={
"pyproject.toml": '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n\n[project]\nname = "weather-api"\ndynamic = ["version"]\ndependencies = [\n  "fastapi",\n  "pydantic-settings",\n]\n\n[project.optional-dependencies]\ntest = ["pytest", "httpx"]\n\n[project.scripts]\nweather = "weather_api.__main__:main"\n\n[tool.hatch.version]\npath = "src/weather_api/__about__.py"\n\n[tool.hatch.envs.default]\ndependencies = ["pytest"]\n',
"src/weather_api/__init__.py": "from .server import app\n\n__all__ = [\"app\"]\n",
"src/weather_api/__about__.py": '__version__ = "1"\n',
"src/weather_api/__main__.py": 'import uvicorn\n\n\ndef main() -> None:\n    uvicorn.run("weather_api.server:app", reload=True)\n\n\nif __name__ == "__main__":\n    main()\n',
"src/weather_api/config.py": 'from pydantic_settings import BaseSettings\n\n\nclass WeatherConfig(BaseSettings, env_prefix="WEATHER_", frozen=True):\n    api_key: str = ""\n    timeout: float = 3.0\n\n\nCONFIG = WeatherConfig()\n',
"src/weather_api/server.py": 'import contextlib\n\nimport fastapi\n\nfrom weather_api import __about__\nfrom weather_api.config import CONFIG\n\n\n@contextlib.asynccontextmanager\nasync def _lifespan(application: fastapi.FastAPI):\n    application.state.timeout = CONFIG.timeout\n    yield\n    del application.state.timeout\n\n\napp = fastapi.FastAPI(\n    title="Weather", version=__about__.__version__, lifespan=_lifespan\n)\n\n\n@app.get("/weather/{city}")\nasync def weather(city: str) -> dict[str, str]:\n    return {"city": city}\n',
}, application="src/weather_api/server.py", import_root="src", settings="src/weather_api/config.py:WeatherConfig", compose="", env="")

# compose: profiles, x- anchors shared with a celery worker
shape("real-compose-anchors-celery", {
"docker-compose.yml": '''version: "3.9"

x-backend: &backend
  build:
    context: .
    dockerfile: Dockerfile
  env_file:
    - .env
  environment: &backend-env
    DATABASE_URL: postgresql+asyncpg://postgres:postgres@db:5432/app
    CELERY_BROKER_URL: redis://redis:6379/0
  depends_on:
    db:
      condition: service_healthy
    redis:
      condition: service_started
  restart: unless-stopped

services:
  api:
    <<: *backend
    command: >
      uvicorn app.main:app
      --host 0.0.0.0
      --port 8000
    ports:
      - "8000:8000"

  worker:
    <<: *backend
    command: celery -A app.worker worker -l info

  flower:
    <<: *backend
    profiles: [monitoring]
    command: celery -A app.worker flower
    environment:
      <<: *backend-env
      FLOWER_PORT: 5555

  db:
    image: postgres:16
    environment:
      POSTGRES_PASSWORD: postgres
    healthcheck:
      test: ["CMD", "pg_isready"]

  redis:
    image: redis:7
    profiles: ["", "monitoring"]
''',
}, expect={"*": "perfect", "arq": "refused PX302", "all": "refused PX302"}, settings="app/core/config.py:Settings", app_service="api")

# the config classes of a well-known course: prefixes a environment
shape("real-prefix-per-environment", {
"app/core/config.py": '''from functools import lru_cache
from typing import Optional

from pydantic_settings import BaseSettings, SettingsConfigDict


class BaseConfig(BaseSettings):
    ENV_STATE: Optional[str] = None

    """Loads the dotenv file. Including this is necessary to get
    pydantic to load a .env file."""
    model_config = SettingsConfigDict(env_file=".env", extra="ignore")


class GlobalConfig(BaseConfig):
    DATABASE_URL: Optional[str] = None
    DB_FORCE_ROLL_BACK: bool = False
    LOGTAIL_API_KEY: Optional[str] = None


class DevConfig(GlobalConfig):
    model_config = SettingsConfigDict(env_prefix="DEV_")


class ProdConfig(GlobalConfig):
    model_config = SettingsConfigDict(env_prefix="PROD_")


class TestConfig(GlobalConfig):
    DATABASE_URL: str = "sqlite:///test.db"
    DB_FORCE_ROLL_BACK: bool = True

    model_config = SettingsConfigDict(env_prefix="TEST_")


@lru_cache()
def get_config(env_state: str):
    """Instantiate config based on the environment."""
    configs = {"dev": DevConfig, "prod": ProdConfig, "test": TestConfig}
    return configs[env_state]()


config = get_config(BaseConfig().ENV_STATE or "dev")
''',
"app/main.py": 'import logging\nfrom contextlib import asynccontextmanager\n\nfrom asgi_correlation_id import CorrelationIdMiddleware\nfrom fastapi import FastAPI\n\nfrom app.core.config import config\n\nlogger = logging.getLogger(__name__)\n\n\n@asynccontextmanager\nasync def lifespan(app: FastAPI):\n    logger.info(config.DATABASE_URL)\n    yield\n\n\napp = FastAPI(lifespan=lifespan)\napp.add_middleware(CorrelationIdMiddleware)\n',
}, expect={"*": "refused PX104", "postgis": "perfect"}, settings="app/core/config.py:GlobalConfig", app_service="app")

# middleware= argument, exception handlers, structlog
shape("real-middleware-argument", {
"app/main.py": '''import logging
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from app.core import config


@asynccontextmanager
async def _lifespan(app: FastAPI) -> Any:
    logging.basicConfig(level=logging.INFO)
    try:
        yield
    except Exception:
        logging.exception("boom")
        raise
    finally:
        logging.info("down")


def make_middleware() -> list[Middleware]:
    return [Middleware(CORSMiddleware, allow_origins=["*"])]


async def on_error(request: Request, exc: Exception) -> JSONResponse:
    return JSONResponse({"detail": str(exc)}, 500)


app = FastAPI(
    title=config.settings.app_name,
    middleware=make_middleware(),
    exception_handlers={Exception: on_error},
    lifespan=_lifespan,
    docs_url=None if not config.settings.debug else "/docs",  # only in debug mode
)
''',
}, settings="app/core/config.py:Settings", app_service="app")

# SQLModel tutorial
shape("real-sqlmodel-tutorial", base={
"main.py": '''from fastapi import Depends, FastAPI, HTTPException
from sqlmodel import Field, Session, SQLModel, create_engine, select


class Hero(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(index=True)


sqlite_url = "sqlite:///database.db"
engine = create_engine(sqlite_url, echo=True)


def create_db_and_tables():
    SQLModel.metadata.create_all(engine)


def get_session():
    with Session(engine) as session:
        yield session


app = FastAPI()


@app.on_event("startup")
def on_startup():
    create_db_and_tables()


@app.get("/heroes/{hero_id}", response_model=Hero)
def read_hero(*, session: Session = Depends(get_session), hero_id: int):
    hero = session.get(Hero, hero_id)
    if not hero:
        raise HTTPException(status_code=404, detail="Hero not found")
    return hero
''',
"requirements.txt": "fastapi==0.115.6\nsqlmodel==0.0.22\nuvicorn==0.34.0\npydantic==2.10.4\n",
"README.md": "Run `uvicorn main:app --reload`\n",
}, application="main.py", settings=":", compose="", env="")

# ML service, CRLF, tabs, pinned
shape("real-ml-crlf-tabs", base={
"app/main.py": 'from contextlib import asynccontextmanager\r\nfrom fastapi import FastAPI\r\nfrom .settings import Settings\r\n\r\nml_models = {}\r\nsettings = Settings()\r\n\r\n\r\n@asynccontextmanager\r\nasync def lifespan(app: FastAPI):\r\n\t# Load the ML model\r\n\tml_models["answer"] = lambda x: x * 42\r\n\tyield\r\n\t# Clean up the ML models and release the resources\r\n\tml_models.clear()\r\n\r\n\r\napp = FastAPI(lifespan=lifespan)\r\n\r\n\r\n@app.get("/predict")\r\nasync def predict(x: float):\r\n\treturn {"result": ml_models["answer"](x)}\r\n',
"app/settings.py": 'import pydantic_settings as ps\r\n\r\n\r\nclass Settings(ps.BaseSettings):\r\n\tmodel_path: str = "model.bin"\t# on the volume\r\n\tthreads: int = 4\r\n\r\n\tmodel_config = {"env_file": ".env", "protected_namespaces": ()}',
"app/__init__.py": "",
"requirements.txt": b"\xef\xbb\xbffastapi==0.115.0\r\npydantic-settings==2.6.1\r\nuvicorn[standard]==0.32.0\r\nnumpy==2.1.0",
"docker-compose.yaml": 'services:\r\n  model:\r\n    build: .\r\n    ports:\r\n    - "80:80"\r\n',
"Dockerfile": 'FROM python:3.11\r\nCOPY . /srv\r\nWORKDIR /srv\r\nRUN pip install -r requirements.txt\r\nENTRYPOINT ["python", "-m", "uvicorn"]\r\nCMD ["app.main:app", "--host", "0.0.0.0", "--port", "80"]\r\n',
".env.template": "MODEL_PATH=model.bin\r\nTHREADS=4\r\n",
}, application="app/main.py", settings="app/settings.py:Settings", app_service="model")

# best practices: src package, several configs, **app_configs
shape("real-best-practices", base={
"requirements/base.txt": "fastapi==0.115.0\npydantic-settings==2.6.0\nredis[hiredis]==5.2.0\n",
"requirements/dev.txt": "-r base.txt\nruff\n",
"requirements/prod.txt": "-r base.txt\ngunicorn==23.0.0\n",
"src/__init__.py": "",
"src/config.py": '''from typing import Any

from pydantic import PostgresDsn, RedisDsn, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from src.constants import Environment


class CustomBaseSettings(BaseSettings):
    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", extra="ignore"
    )


class Config(CustomBaseSettings):
    DATABASE_URL: PostgresDsn = "postgresql://a:b@db/c"
    DATABASE_POOL_SIZE: int = 16
    REDIS_URL: RedisDsn = "redis://localhost:6379/0"

    ENVIRONMENT: Environment = Environment.PRODUCTION

    CORS_ORIGINS: list[str] = ["*"]
    APP_VERSION: str = "0.1"

    @model_validator(mode="after")
    def validate_sentry_non_local(self) -> "Config":
        return self


settings = Config()

app_configs: dict[str, Any] = {"title": "App API"}
if settings.ENVIRONMENT.is_deployed:
    app_configs["root_path"] = f"/v{settings.APP_VERSION}"

if not settings.ENVIRONMENT.is_debug:
    app_configs["openapi_url"] = None  # hide docs
''',
"src/constants.py": '''from enum import Enum


class Environment(str, Enum):
    LOCAL = "LOCAL"
    PRODUCTION = "PRODUCTION"

    @property
    def is_debug(self) -> bool:
        return self is self.LOCAL

    @property
    def is_deployed(self) -> bool:
        return self is self.PRODUCTION
''',
"src/auth/__init__.py": "",
"src/auth/config.py": 'from src.config import CustomBaseSettings\n\n\nclass AuthConfig(CustomBaseSettings):\n    JWT_ALG: str = "HS256"\n    JWT_EXP: int = 5\n\n\nauth_config = AuthConfig()\n',
"src/auth/router.py": 'from fastapi import APIRouter\n\nfrom src.auth.config import auth_config\n\nrouter = APIRouter()\n\n\n@router.get("/alg")\nasync def alg() -> str:\n    return auth_config.JWT_ALG\n',
"src/redis.py": '''from redis.asyncio import Redis

redis_client: Redis = None  # type: ignore


async def get_by_key(key: str) -> str | None:
    return await redis_client.get(key)
''',
"src/main.py": '''from contextlib import asynccontextmanager
from typing import AsyncGenerator

import redis.asyncio as aioredis
from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from src import redis
from src.auth.router import router as auth_router
from src.config import app_configs, settings


@asynccontextmanager
async def lifespan(_application: FastAPI) -> AsyncGenerator:
    # Startup
    pool = aioredis.ConnectionPool.from_url(
        str(settings.REDIS_URL), max_connections=10, decode_responses=True
    )
    redis.redis_client = aioredis.Redis(connection_pool=pool)

    yield

    # Shutdown
    await pool.disconnect()


app = FastAPI(**app_configs, lifespan=lifespan)

app.add_middleware(
    CORSMiddleware,
    allow_origins=settings.CORS_ORIGINS,
)


@app.get("/healthcheck", include_in_schema=False)
async def healthcheck() -> dict[str, str]:
    return {"status": "ok"}


app.include_router(auth_router, prefix="/auth", tags=["Auth"])
''',
"docker-compose.yml": '''services:
  app:
    container_name: app
    build:
      context: .
      dockerfile: Dockerfile
    ports:
      - "16000:8000"
    env_file:
      - .env
    volumes:
      - ./:/src/
    command: gunicorn src.main:app -c gunicorn/gunicorn_conf.py
    networks: [backend]
    depends_on: [redis]

  redis:
    container_name: app_redis
    image: redis:6.2-alpine
    command: redis-server --save 20 1 --loglevel warning --requirepass myStrongPassword
    ports:
      - "36379:6379"
    networks: [backend]

networks:
  backend:
''',
"Dockerfile": "FROM python:3.12\nWORKDIR /src\nCOPY . /src\n",
".env.example": "DATABASE_URL=postgresql://app:app@app_db:5432/app\nREDIS_URL=redis://:myStrongPassword@redis:6379\n\nENVIRONMENT=LOCAL\n",
}, application="src/main.py", import_root=".", settings="src/config.py:Config", app_service="app", dependencies="requirements/base.txt")

# vercel
shape("real-vercel", base={
"api/index.py": 'from fastapi import FastAPI\n\n### Create FastAPI instance with custom docs and openapi url\napp = FastAPI(docs_url="/api/py/docs", openapi_url="/api/py/openapi.json")\n\n@app.get("/api/py/helloFastApi")\ndef hello_fast_api():\n    return {"message": "Hello from FastAPI"}\n',
"requirements.txt": "fastapi==0.115.6\nuvicorn==0.34.0\n",
"package.json": '{"scripts": {"fastapi-dev": "pip3 install -r requirements.txt && python3 -m uvicorn api.index:app --reload"}}\n',
"vercel.json": "{}\n",
}, application="api/index.py", import_root=".", settings=":", compose="", env="")

# a server class
shape("real-server-class", {
"app/main.py": 'from fastapi import FastAPI\n\nfrom app.core.config import settings\n\n\nclass Server:\n    def __init__(self) -> None:\n        self.app = FastAPI(title=settings.app_name)\n        self.setup()\n\n    def setup(self) -> None:\n        @self.app.get("/")\n        def root() -> str:\n            return "ok"\n\n\napp = Server().app\n',
}, expect="perfect", settings="app/core/config.py:Settings", app_service="app")

# old full stack: backend/app/app
shape("real-old-full-stack", base={
"backend/app/pyproject.toml": '[tool.poetry]\nname = "app"\nversion = "0.1.0"\ndescription = ""\nauthors = ["Admin <admin@example.com>"]\n\n[tool.poetry.dependencies]\npython = "^3.11"\nfastapi = "^0.109.0"\npydantic-settings = "^2.1.0"\nuvicorn = {extras = ["standard"], version = "^0.24.0"}\ncelery = "^5.3"\ngunicorn = "^21.0"\n\n[tool.poetry.dev-dependencies]\nmypy = "^1.7"\n\n[build-system]\nrequires = ["poetry>=0.12"]\nbuild-backend = "poetry.masonry.api"\n',
"backend/backend.dockerfile": 'FROM tiangolo/uvicorn-gunicorn-fastapi:python3.11\n\nWORKDIR /app/\n\nCOPY ./app /app\nENV PYTHONPATH=/app\n',
"backend/celeryworker.dockerfile": 'FROM python:3.11\nWORKDIR /app/\nCOPY ./app /app\nENV PYTHONPATH=/app\nCMD ["bash", "/worker-start.sh"]\n',
"backend/app/app/__init__.py": "",
"backend/app/app/core/__init__.py": "",
"backend/app/app/core/config.py": '''import secrets
from typing import List, Union

from pydantic import AnyHttpUrl, field_validator
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    API_V1_STR: str = "/api/v1"
    SECRET_KEY: str = secrets.token_urlsafe(32)
    SERVER_NAME: str = "x"
    BACKEND_CORS_ORIGINS: List[AnyHttpUrl] = []

    @field_validator("BACKEND_CORS_ORIGINS", mode="before")
    @classmethod
    def assemble_cors_origins(cls, v: Union[str, List[str]]) -> Union[List[str], str]:
        if isinstance(v, str) and not v.startswith("["):
            return [i.strip() for i in v.split(",")]
        return v

    PROJECT_NAME: str = "x"
    USERS_OPEN_REGISTRATION: bool = False

    class Config:
        case_sensitive = True


settings = Settings()
''',
"backend/app/app/main.py": '''from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from app.core.config import settings

app = FastAPI(
    title=settings.PROJECT_NAME, openapi_url=f"{settings.API_V1_STR}/openapi.json"
)

# Set all CORS enabled origins
if settings.BACKEND_CORS_ORIGINS:
    app.add_middleware(
        CORSMiddleware,
        allow_origins=[str(origin) for origin in settings.BACKEND_CORS_ORIGINS],
    )
''',
"backend/app/app/worker.py": 'from celery import Celery\n\ncelery_app = Celery("worker", broker="amqp://guest@queue//")\n',
"docker-compose.yml": '''version: "3.3"
services:

  db:
    image: postgres:12
    volumes:
      - app-db-data:/var/lib/postgresql/data/pgdata
    env_file:
      - .env

  queue:
    image: rabbitmq:3

  backend:
    image: '${DOCKER_IMAGE_BACKEND?Variable not set}:${TAG-latest}'
    depends_on:
      - db
    env_file:
      - .env
    environment:
      - SERVER_NAME=${DOMAIN?Variable not set}
      # Allow explicit env var override for tests
      - SMTP_HOST=${SMTP_HOST}
    build:
      context: ./backend
      dockerfile: backend.dockerfile
      args:
        INSTALL_DEV: ${INSTALL_DEV-false}
    platform: linux/amd64

  celeryworker:
    image: '${DOCKER_IMAGE_CELERYWORKER?Variable not set}:${TAG-latest}'
    depends_on:
      - db
      - queue
    env_file:
      - .env
    build:
      context: ./backend
      dockerfile: celeryworker.dockerfile

volumes:
  app-db-data:
''',
".env": "DOMAIN=localhost\n",
}, expect={"*": "perfect", "postgis": "refused PX308", "all": "refused PX308"}, application="backend/app/app/main.py", root="backend/app", import_root="backend/app", settings="backend/app/app/core/config.py:Settings", compose="docker-compose.yml", app_service="backend", env="")

# realworld: handlers made by factories, get_application
shape("real-realworld-handler-factories", {
"app/main.py": '''from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from app.core.config import get_app_settings
from app.core.events import create_start_app_handler, create_stop_app_handler


def get_application() -> FastAPI:
    settings = get_app_settings()

    settings.configure_logging()

    application = FastAPI(**settings.fastapi_kwargs)

    application.add_middleware(
        CORSMiddleware,
        allow_origins=settings.allowed_hosts,
    )

    application.add_event_handler(
        "startup",
        create_start_app_handler(application, settings),
    )
    application.add_event_handler(
        "shutdown",
        create_stop_app_handler(application),
    )

    return application


app = get_application()
''',
"app/core/events.py": '''from typing import Callable

from fastapi import FastAPI


def create_start_app_handler(app: FastAPI, settings) -> Callable:
    async def start_app() -> None:
        app.state.ready = True

    return start_app


def create_stop_app_handler(app: FastAPI) -> Callable:
    async def stop_app() -> None:
        app.state.ready = False

    return stop_app
''',
"app/core/config.py": '''from functools import lru_cache
from typing import Any, Dict, Type

from app.core.settings.app import AppSettings
from app.core.settings.base import AppEnvTypes, BaseAppSettings
from app.core.settings.development import DevAppSettings
from app.core.settings.production import ProdAppSettings

environments: Dict[AppEnvTypes, Type[AppSettings]] = {
    AppEnvTypes.dev: DevAppSettings,
    AppEnvTypes.prod: ProdAppSettings,
}


@lru_cache
def get_app_settings() -> AppSettings:
    app_env = BaseAppSettings().app_env
    config = environments[app_env]
    return config()
''',
"app/core/settings/__init__.py": "",
"app/core/settings/base.py": 'from enum import Enum\n\nfrom pydantic_settings import BaseSettings\n\n\nclass AppEnvTypes(Enum):\n    prod: str = "prod"\n    dev: str = "dev"\n\n\nclass BaseAppSettings(BaseSettings):\n    app_env: AppEnvTypes = AppEnvTypes.prod\n\n    class Config:\n        env_file = ".env"\n',
"app/core/settings/app.py": 'import logging\nfrom typing import Any, Dict, List\n\nfrom app.core.settings.base import BaseAppSettings\n\n\nclass AppSettings(BaseAppSettings):\n    debug: bool = False\n    title: str = "FastAPI example application"\n    allowed_hosts: List[str] = ["*"]\n\n    logging_level: int = logging.INFO\n\n    class Config:\n        validate_assignment = True\n\n    @property\n    def fastapi_kwargs(self) -> Dict[str, Any]:\n        return {"debug": self.debug, "title": self.title}\n\n    def configure_logging(self) -> None:\n        logging.getLogger().handlers = []\n',
"app/core/settings/development.py": 'from app.core.settings.app import AppSettings\n\n\nclass DevAppSettings(AppSettings):\n    debug: bool = True\n    title: str = "Dev FastAPI example application"\n',
"app/core/settings/production.py": 'from app.core.settings.app import AppSettings\n\n\nclass ProdAppSettings(AppSettings):\n    class Config(AppSettings.Config):\n        env_file = "prod.env"\n',
}, expect="perfect", settings="app/core/settings/app.py:AppSettings", app_service="app")

# root main that only runs, versions mounted
shape("real-versions-mounted", {
"main.py": 'import uvicorn\n\nfrom app.main import app\n\nif __name__ == "__main__":\n    uvicorn.run(app, host="0.0.0.0", port=8000)\n',
"app/main.py": '''from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from app.core.config import settings
from app.v1 import v1

app_version = "1"


@asynccontextmanager
async def lifespan(app: FastAPI):
    async with open_database() as database:
        app.state.database = database
        yield


@asynccontextmanager
async def open_database():
    yield object()


v2 = FastAPI(title="v2")
app = FastAPI(title=settings.app_name, lifespan=lifespan)
app.mount("/v1", v1)
app.mount("/v2", v2)
app.mount("/", StaticFiles(directory=".", html=True), name="static")
''',
"app/v1.py": 'from fastapi import FastAPI\n\nv1 = FastAPI(title="v1")\n\n\n@v1.get("/ping")\ndef ping() -> str:\n    return "pong"\n',
}, settings="app/core/config.py:Settings", app_service="app", call=1)

# cache with password, networks, folded command
shape("real-compose-cache-password", {
"docker-compose.yml": '''name: demo
services:
  web:
    build: {context: ., target: dev}
    command: >-
      sh -c "alembic upgrade head &&
             uvicorn app.main:app --host 0.0.0.0 --reload"
    networks: [backend, front]
    environment: {DEBUG: "1"}
    healthcheck: {test: ["CMD", "true"]}
  cache:
    image: docker.io/library/redis:7.2-alpine
    command: redis-server --requirepass ${REDIS_PASSWORD}
    networks: [backend]
  db:
    image: "postgis/postgis:16-3.4"
    networks: [backend]
networks:
  backend: {}
  front: {}
''',
}, settings="app/core/config.py:Settings", app_service="web")

# starlette config, no settings class
shape("real-starlette-config", {
"app/core/config.py": 'from starlette.config import Config\nfrom starlette.datastructures import Secret\n\nconfig = Config(".env")\n\nPROJECT_NAME: str = config("PROJECT_NAME", default="demo")\nSECRET_KEY: Secret = config("SECRET_KEY", cast=Secret, default="x")\n',
"app/main.py": 'from fastapi import FastAPI\n\nfrom app.core.config import PROJECT_NAME\n\n\ndef get_app() -> FastAPI:\n    app = FastAPI(title=PROJECT_NAME)\n    return app\n\n\napp = get_app()\n',
"pyproject.toml": PYPROJECT.replace('    "pydantic-settings>=2.0",\n', ""),
}, settings=":", app_service="app")

# pydantic 1, pinned
shape("real-pydantic-1-pinned", {
"app/core/config.py": 'from functools import lru_cache\nfrom typing import Optional\n\nfrom pydantic import BaseSettings, Field\n\n\nclass Settings(BaseSettings):\n    app_name: str = Field("demo", env="APP_TITLE")\n    sentry: Optional[str]\n\n    class Config:\n        env_file = ".env"\n        env_file_encoding = "utf-8"\n\n\n@lru_cache()\ndef get_settings() -> Settings:\n    return Settings()\n',
"app/main.py": 'from fastapi import Depends, FastAPI\n\nfrom app.core.config import Settings, get_settings\n\napp = FastAPI()\n\n\n@app.on_event("startup")\nasync def startup() -> None:\n    print("up")\n\n\n@app.on_event("shutdown")\nasync def shutdown() -> None:\n    print("down")\n\n\n@app.get("/")\ndef name(settings: Settings = Depends(get_settings)) -> str:\n    return settings.app_name\n',
"pyproject.toml": None,
"requirements.txt": "fastapi==0.95.2  # pinned\npydantic[dotenv]==1.10.13\nuvicorn\n",
}, settings="app/core/config.py:Settings", app_service="app")

# nested settings with a delimiter, settings object from function
shape("real-nested-delimiter", {
"app/core/config.py": '''from __future__ import annotations

from pydantic import BaseModel, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class RedisSettings(BaseModel):
    host: str = "localhost"
    port: int = 6379

    @property
    def url(self) -> str:
        return f"redis://{self.host}:{self.port}/0"


class DatabaseSettings(BaseModel):
    password: SecretStr = SecretStr("x")


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_nested_delimiter="__", env_prefix="APP_CONFIG__", case_sensitive=False)

    redis: RedisSettings = RedisSettings()
    db: DatabaseSettings = Field(default_factory=DatabaseSettings)
    app_name: str = "demo"


settings = Settings()
''',
}, settings="app/core/config.py:Settings", app_service="app")

# everything at the top of a package named like the project, relative imports, setup.cfg + setup.py
shape("real-setup-py", base={
"setup.py": 'from setuptools import setup\n\nsetup()\n',
"setup.cfg": '[metadata]\nname = blog\n\n[options]\npackages = find:\ninstall_requires =\n    fastapi\n    pydantic-settings\n\n[options.extras_require]\ndev = pytest\n',
"blog/__init__.py": "",
"blog/conf.py": SETTINGS,
"blog/asgi.py": 'from .factory import build\n\napplication = build()\n',
"blog/factory.py": 'from fastapi import APIRouter, FastAPI\n\nfrom . import conf\n\nrouters: list[APIRouter] = []\n\n\ndef build() -> FastAPI:\n    api = FastAPI(title=conf.settings.app_name)\n    for router in routers:\n        api.include_router(router)\n    return api\n',
"Makefile": "run:\n\thypercorn blog.asgi:application\n",
}, expect={"*": "refused PX204", "websocket": "perfect"}, application="blog/factory.py", settings="blog/conf.py:Settings", compose="", env="", dependencies="setup.cfg")

# DI container: dependency-injector wiring, settings reached through container
shape("real-dependency-injector", {
"app/containers.py": 'from dependency_injector import containers, providers\n\nfrom app.core.config import Settings\n\n\nclass Container(containers.DeclarativeContainer):\n    wiring_config = containers.WiringConfiguration(modules=["app.main"])\n    config = providers.Configuration(pydantic_settings=[Settings()])\n    settings = providers.Singleton(Settings)\n',
"app/core/config.py": SETTINGS.replace("\n\nsettings = Settings()\n", ""),
"app/main.py": 'from fastapi import FastAPI\n\nfrom app.containers import Container\n\n\ndef create_app() -> FastAPI:\n    container = Container()\n    app = FastAPI(title=container.config.app_name())\n    app.container = container\n    return app\n\n\napp = create_app()\n',
}, expect="perfect", settings="app/core/config.py:Settings", app_service="app")

if __name__ == "__main__":
    print(shapes.write(Path(sys.argv[1]), sys.argv[2:]), "projects written")
