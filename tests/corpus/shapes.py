#!/usr/bin/env python3
"""Writes small projects of the shapes that real ones have, each with the verdict that is right for it.

usage: shapes.py FOLDER [NAME...]       FOLDER/NAME/ and FOLDER/NAME.json, which verdict.py reads

Every shape is the plain project below with some of its files replaced. The facts that a program could only guess
(which class the application uses, which service runs it) are stated here by hand, so that the judge does not err with
the tool. `expect`: component (or `*`) -> "perfect", "refused CODE...", or "either CODE..." where both are right.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

SHAPES: dict[str, tuple[dict, dict]] = {}

SETTINGS = """\
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_file=".env", extra="ignore")

    app_name: str = "demo"
    debug: bool = False


settings = Settings()
"""

MAIN = """\
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.core.config import settings


@asynccontextmanager
async def lifespan(app: FastAPI):
    print("up")
    yield
    print("down")


app = FastAPI(title=settings.app_name, lifespan=lifespan)


@app.get("/health")
async def health():
    return {"status": "ok"}
"""

# without a lifespan, and with `%s` where the application is made
PLAIN = """\
from fastapi import FastAPI

from app.core.config import settings

%s
"""

PYPROJECT = """\
[project]
name = "demo"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = [
    "fastapi>=0.115",
    "pydantic-settings>=2.0",
    "uvicorn[standard]",
]

[dependency-groups]
dev = ["pytest>=8"]
"""

COMPOSE = """\
services:
  app:
    build: .
    command: uvicorn app.main:app --host 0.0.0.0
    ports:
      - "8000:8000"
    environment:
      - DEBUG=true
    depends_on:
      - db

  db:
    image: postgres:16-alpine
    environment:
      POSTGRES_PASSWORD: postgres
    volumes:
      - pg_data:/var/lib/postgresql/data

volumes:
  pg_data:
"""

DOCKERFILE = """\
FROM python:3.12-slim
WORKDIR /code
COPY . .
RUN pip install .
CMD ["uvicorn", "app.main:app", "--host", "0.0.0.0"]
"""

BASE = {
    "app/__init__.py": "",
    "app/core/__init__.py": "",
    "app/core/config.py": SETTINGS,
    "app/main.py": MAIN,
    "pyproject.toml": PYPROJECT,
    "docker-compose.yml": COMPOSE,
    "Dockerfile": DOCKERFILE,
    ".env.example": "APP_NAME=demo\nDEBUG=false\n",
    ".gitignore": ".env\n__pycache__/\n",
}

LIFE = ["arq", "metrics", "redis", "storage", "websocket", "all"]
READS = LIFE


def shape(name: str, files: dict | None = None, expect: dict | str = "perfect", base: dict | None = None, **facts) -> None:
    """Registers a shape: a value of None takes the base's file away; bytes are written as they are."""
    tree = dict(BASE if base is None else base)
    for path, content in (files or {}).items():
        if content is None:
            tree.pop(path)
        else:
            tree[path] = content
    facts["expect"] = {"*": expect} if isinstance(expect, str) else expect
    facts.setdefault("application", "app/main.py")
    SHAPES[name] = (tree, facts)


def config(name: str, text: str, expect: dict | str = "perfect", **facts) -> None:
    """A shape that differs in its settings module alone."""
    facts.setdefault("settings", "app/core/config.py:Settings")
    more = facts.pop("files", {})
    shape(name, {"app/core/config.py": text, **more}, expect, **facts)


def main_module(name: str, text: str, expect: dict | str = "perfect", **facts) -> None:
    """A shape that differs in its application module alone."""
    facts.setdefault("settings", "app/core/config.py:Settings")
    more = facts.pop("files", {})
    shape(name, {"app/main.py": text, **more}, expect, **facts)


def compose(name: str, text: str | bytes, expect: dict | str = "perfect", **facts) -> None:
    """A shape that differs in its compose file alone."""
    facts.setdefault("settings", "app/core/config.py:Settings")
    facts.setdefault("app_service", "app")
    more = facts.pop("files", {})
    shape(name, {"docker-compose.yml": text, **more}, expect, **facts)


def dependencies(name: str, files: dict, expect: dict | str = "perfect", **facts) -> None:
    """A shape that differs in where its dependencies are listed."""
    facts.setdefault("settings", "app/core/config.py:Settings")
    shape(name, files, expect, **facts)


def refused(code: str, names: list[str] = LIFE, rest: str = "perfect") -> dict:
    """`code` for some components, and the rest as said."""
    return {"*": rest, **{name: f"refused {code}" for name in names}}


# ---- settings -------------------------------------------------------------------------------------------------------

shape("plain")

config("settings-upper-case", SETTINGS.replace("app_name", "APP_NAME").replace("debug", "DEBUG"), files={"app/main.py": MAIN.replace("settings.app_name", "settings.APP_NAME")})

config(
    "settings-cached-function",
    SETTINGS.replace("settings = Settings()", "@lru_cache\ndef get_settings() -> Settings:\n    return Settings()").replace("from pyd", "from functools import lru_cache\n\nfrom pyd", 1),
    files={"app/main.py": MAIN.replace("import settings\n", "import get_settings\n\nsettings = get_settings()\n")},
)

config(
    "settings-plain-function",
    SETTINGS.replace("settings = Settings()", "def load_settings():\n    return Settings()"),
    files={"app/main.py": MAIN.replace("import settings\n", "import load_settings\n").replace("settings.app_name", "load_settings().app_name")},
)

config(
    "settings-container",
    SETTINGS.replace("settings = Settings()\n", "class Container:\n    def __init__(self) -> None:\n        self.settings = Settings()\n\n\ncontainer = Container()\n"),
    files={"app/main.py": MAIN.replace("import settings\n", "import container\n").replace("settings.app_name", "container.settings.app_name")},
)

config(
    "settings-providers",
    SETTINGS.replace("settings = Settings()\n", ""),
    files={
        "app/container.py": "from dependency_injector import containers, providers\n\nfrom app.core.config import Settings\n\n\nclass Container(containers.DeclarativeContainer):\n    settings = providers.Singleton(Settings)\n",
        "app/main.py": MAIN.replace("from app.core.config import settings", "from app.container import Container\n\ncontainer = Container()").replace("settings.app_name", "container.settings().app_name"),
    },
)

config(
    "settings-environment-subclasses",
    '''\
from enum import Enum
from functools import lru_cache

from pydantic_settings import BaseSettings


class AppEnv(str, Enum):
    prod = "prod"
    dev = "dev"


class BaseAppSettings(BaseSettings):
    app_env: AppEnv = AppEnv.prod


class AppSettings(BaseAppSettings):
    app_name: str = "demo"
    debug: bool = False


class DevSettings(AppSettings):
    debug: bool = True


class ProdSettings(AppSettings):
    pass


environments: dict[AppEnv, type[AppSettings]] = {AppEnv.dev: DevSettings, AppEnv.prod: ProdSettings}


@lru_cache
def get_app_settings() -> AppSettings:
    app_env = BaseAppSettings().app_env
    return environments[app_env]()
''',
    settings="app/core/config.py:AppSettings",
    files={"app/main.py": MAIN.replace("import settings\n", "import get_app_settings\n\nsettings = get_app_settings()\n")},
)

config(
    "settings-mixins",
    """\
from pydantic_settings import BaseSettings


class DatabaseMixin(BaseSettings):
    DATABASE_URL: str = "sqlite://"


class WebMixin(BaseSettings):
    APP_NAME: str = "demo"


class Settings(DatabaseMixin, WebMixin):
    pass


settings = Settings()
""",
    files={"app/main.py": MAIN.replace("settings.app_name", "settings.APP_NAME")},
)

config(
    "settings-mixins-one-line",
    """\
from pydantic_settings import BaseSettings


class DatabaseMixin(BaseSettings):
    database_url: str = "sqlite://"


class WebMixin(BaseSettings):
    app_name: str = "demo"


class Settings(DatabaseMixin, WebMixin): ...


settings = Settings()
""",
)

config(
    "settings-docstring-only",
    '''\
from pydantic_settings import BaseSettings


class Base(BaseSettings):
    app_name: str = "demo"


class Settings(Base):
    """All of it comes from the base."""


settings = Settings()
''',
)

config(
    "settings-nested-models",
    """\
from pydantic import BaseModel
from pydantic_settings import BaseSettings, SettingsConfigDict


class Database(BaseModel):
    url: str = "sqlite://"


class Web(BaseModel):
    name: str = "demo"


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_nested_delimiter="__")

    database: Database = Database()
    web: Web = Web()


settings = Settings()
""",
    files={"app/main.py": MAIN.replace("settings.app_name", "settings.web.name")},
)

config(
    "settings-nested-settings",
    """\
from pydantic import Field
from pydantic_settings import BaseSettings


class DatabaseSettings(BaseSettings):
    database_url: str = "sqlite://"


class Settings(BaseSettings):
    app_name: str = "demo"
    database: DatabaseSettings = Field(default_factory=DatabaseSettings)


settings = Settings()
""",
)

INDEPENDENT = """\
from pydantic_settings import BaseSettings


class AppSettings(BaseSettings):
    app_name: str = "demo"


class DatabaseSettings(BaseSettings):
    database_url: str = "sqlite://"


app_settings = AppSettings()
database_settings = DatabaseSettings()
"""

config(
    "settings-independent-one-used",
    INDEPENDENT,
    settings="app/core/config.py:AppSettings",
    files={"app/main.py": MAIN.replace("import settings", "import app_settings").replace("settings.app_name", "app_settings.app_name")},
)

config(
    "settings-independent-both-used",
    INDEPENDENT,
    {**refused("PX104"), "postgis": "perfect"},
    settings="app/core/config.py:AppSettings",
    files={"app/main.py": MAIN.replace("import settings", "import app_settings, database_settings").replace("settings.app_name", "app_settings.app_name, description=database_settings.database_url")},
)

config(
    "settings-pydantic-1",
    '''\
from typing import Any

from pydantic import BaseSettings, validator


class Settings(BaseSettings):
    APP_NAME: str = "demo"
    ORIGINS: list[str] = []

    @validator("ORIGINS", pre=True)
    def split(cls, value: Any) -> Any:
        return value.split(",") if isinstance(value, str) else value

    class Config:
        env_file = ".env"
        case_sensitive = True

        @classmethod
        def parse_env_var(cls, field_name: str, raw_val: str) -> Any:
            return raw_val


settings = Settings()
''',
    files={
        "app/main.py": MAIN.replace("settings.app_name", "settings.APP_NAME"),
        "pyproject.toml": PYPROJECT.replace('"fastapi>=0.115"', '"fastapi>=0.95,<0.100"').replace('"pydantic-settings>=2.0"', '"pydantic[dotenv]<2"'),
    },
)

shape(
    "settings-none",
    {"app/core/config.py": None, "app/core/__init__.py": None, "app/main.py": MAIN.replace("\nfrom app.core.config import settings\n", "").replace("settings.app_name", '"demo"'), "pyproject.toml": PYPROJECT.replace('    "pydantic-settings>=2.0",\n', "")},
    settings="",
)

shape(
    "settings-os-getenv",
    {"app/core/config.py": 'import os\n\n\nclass Config:\n    APP_NAME = os.getenv("APP_NAME", "demo")\n    DEBUG = os.getenv("DEBUG") == "1"\n\n\nconfig = Config()\n', "app/main.py": MAIN.replace("import settings", "import config").replace("settings.app_name", "config.APP_NAME"), "pyproject.toml": PYPROJECT.replace('    "pydantic-settings>=2.0",\n', "")},
    settings="",
)

SINGLE = """\
from fastapi import FastAPI
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    app_name: str = "demo"


settings = Settings()
app = FastAPI(title=settings.app_name)


@app.get("/")
def read_root():
    return {"Hello": "World"}
"""

shape(
    "settings-in-main",
    {"main.py": SINGLE, "requirements.txt": "fastapi\npydantic-settings\nuvicorn\n"},
    {**{name: "either PX105" for name in LIFE}, "*": "perfect"},
    base={},
    application="main.py",
    settings="main.py:Settings",
)

shape(
    "single-file",
    {"main.py": 'from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get("/")\ndef read_root():\n    return {"Hello": "World"}\n', "requirements.txt": "fastapi\nuvicorn\n"},
    base={},
    application="main.py",
    settings="",
)

config("settings-default-ends-in-column-0", SETTINGS.replace('    debug: bool = False\n', '    debug: bool = False\n    origins: list[str] = [\n        "http://localhost",\n]\n'))

config(
    "settings-triple-quoted-default",
    SETTINGS.replace(
        "    debug: bool = False\n",
        '    debug: bool = False\n    template: str = """\n@app.get("/")\ndef root():\n    redis_url: str = "x"\nclass Settings(BaseSettings):\n    pass\n"""\n',
    ),
)

config("settings-class-in-if", SETTINGS.replace("\n\nclass Settings", "\n\nTESTING = False\n\nif not TESTING:\n\n    class Settings", 1).replace('\n    model_config', '\n        model_config').replace("\n    app_name", "\n        app_name").replace("\n    debug", "\n        debug").replace("\n\n\nsettings = ", "\n\n    settings = "), "either PX103 PX104 PX105")

config(
    "settings-two-in-if",
    """\
import os

from pydantic_settings import BaseSettings

if os.environ.get("CI"):

    class Settings(BaseSettings):
        app_name: str = "ci"

else:

    class Settings(BaseSettings):
        app_name: str = "demo"


settings = Settings()
""",
    {**{name: "either PX104" for name in READS}, "*": "perfect"},
)

config(
    "settings-runs-and-validators",
    '''\
from pydantic import computed_field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    # Web
    app_name: str = "demo"  # shown in the docs

    @field_validator("app_name")
    @classmethod
    def not_empty(cls, value: str) -> str:
        if not value:
            raise ValueError("empty")
        return value

    # Database
    db_host: str = "localhost"
    db_port: int = 5432  # the usual one

    @computed_field
    @property
    def db_url(self) -> str:
        return f"postgresql://{self.db_host}:{self.db_port}"

    model_config = SettingsConfigDict(
        env_file=".env",
        extra="ignore",
    )


settings = Settings()  # type: ignore[call-arg]
''',
)

config(
    "settings-inherited-field",
    """\
from app.core.base import CommonSettings


class Settings(CommonSettings):
    app_name: str = "demo"


settings = Settings()
""",
    files={"app/core/base.py": 'from pydantic_settings import BaseSettings\n\n\nclass CommonSettings(BaseSettings):\n    redis_url: str = "redis://localhost:6379/0"\n    otel_service_name: str = "demo"\n'},
)

config("settings-other-type", SETTINGS.replace("debug: bool = False", "debug: bool = False\n    redis_url: int = 0"), refused("PX102", ["redis", "arq", "all"]))
config("settings-redis-dsn", SETTINGS.replace("debug: bool = False", 'debug: bool = False\n    redis_url: RedisDsn = RedisDsn("redis://localhost")').replace("from pydantic_s", "from pydantic import RedisDsn\nfrom pydantic_s", 1), {name: "either PX102" for name in ["redis", "arq", "all"]} | {"*": "perfect"})
config("settings-property-url", SETTINGS.replace("debug: bool = False\n", 'debug: bool = False\n\n    @property\n    def redis_url(self) -> URL:\n        return URL("redis://localhost")\n').replace("from pydantic_s", "from yarl import URL\nfrom pydantic_s", 1), {name: "either PX102" for name in ["redis", "arq", "all"]} | {"*": "perfect"})
config("settings-property-str", SETTINGS.replace("debug: bool = False\n", 'debug: bool = False\n\n    @property\n    def redis_url(self) -> str:\n        return "redis://localhost"\n'))

config("settings-tabs", SETTINGS.replace("    ", "\t"))
config("settings-two-spaces", SETTINGS.replace("    ", "  "))
config("settings-crlf", SETTINGS.replace("\n", "\r\n").encode())
config("settings-bom", b"\xef\xbb\xbf" + SETTINGS.encode())
config("settings-coding-cookie", "#!/usr/bin/env python3\n# -*- coding: utf-8 -*-\n# Ünïcödé\n" + SETTINGS)
config("settings-mixed-endings", SETTINGS.replace("\n", "\r\n", 6).encode())
config("settings-no-final-newline", SETTINGS.rstrip("\n"))
config("settings-class-at-end", SETTINGS.replace("\n\n\nsettings = Settings()\n", ""), files={"app/core/__init__.py": "from .config import Settings\n\nsettings = Settings()\n", "app/main.py": MAIN.replace("app.core.config import", "app.core import")})

config(
    "settings-prefix",
    SETTINGS.replace('env_file=".env"', 'env_prefix="DEMO_", env_file=".env"'),
    files={".env.example": "DEMO_APP_NAME=demo\nDEMO_DEBUG=false\n"},
)
config("settings-prefix-in-class-statement", SETTINGS.replace('    model_config = SettingsConfigDict(env_file=".env", extra="ignore")\n\n', "").replace("(BaseSettings)", '(BaseSettings, env_prefix="demo_")').replace(", SettingsConfigDict", ""), files={".env.example": "DEMO_APP_NAME=demo\n"})

config(
    "settings-named-in-docstring",
    '''\
"""The settings.

from nowhere import nothing
class Settings(BaseSettings):
    redis_url: str
"""
# class Settings(BaseSettings): the old one

from pydantic_settings import BaseSettings


class _Settings(BaseSettings):
    """class Settings(BaseSettings): not this."""

    app_name: str = "demo"
    note: str = "class Settings(BaseSettings):"


class Settings(_Settings):
    debug: bool = False


settings = Settings()
''',
)

config("settings-annotated-instance", SETTINGS.replace("settings = Settings()", 'settings: Settings = Settings(_env_file=".env.local")'))
config("settings-final-instance", SETTINGS.replace("settings = Settings()", "settings: Final = Settings()").replace("from pyd", "from typing import Final\n\nfrom pyd", 1))
config("settings-module-attribute", SETTINGS, files={"app/main.py": MAIN.replace("from app.core.config import settings", "from app.core import config").replace("settings.app_name", "config.settings.app_name")})
config("settings-relative-import", SETTINGS, files={"app/main.py": MAIN.replace("from app.core.config", "from .core.config")})
config("settings-other-name", SETTINGS.replace("Settings(BaseSettings)", "_APISettings(BaseSettings)").replace("= Settings()", "= _APISettings()"), settings="app/core/config.py:_APISettings")
config("settings-syntax-error", SETTINGS + "\n\ndef broken(:\n    pass\n", {name: "refused PX005" for name in READS} | {"*": "perfect"})
config("settings-read-only", SETTINGS, {name: "either PX006" for name in READS} | {"*": "perfect"}, chmod=[["app/core/config.py", "444"]])
config("settings-executable", SETTINGS, chmod=[["app/core/config.py", "755"], ["app/main.py", "755"]])
shape("settings-symbolic-link", {"app/core/config.py": None, "shared/config.py": SETTINGS, "app/core/config.py ": "-> ../../shared/config.py"}, settings="app/core/config.py:Settings")
config("settings-instance-in-try", SETTINGS.replace("settings = Settings()\n", "try:\n    settings = Settings()\nexcept ValueError as error:\n    raise SystemExit(str(error)) from error\n"))
config("settings-typed-imports", SETTINGS.replace("from pydantic_settings import BaseSettings, SettingsConfigDict", "from __future__ import annotations\n\nfrom typing import TYPE_CHECKING\n\nimport pydantic_settings\nfrom pydantic_settings import SettingsConfigDict\n\nif TYPE_CHECKING:\n    from pydantic import Field").replace("(BaseSettings)", "(pydantic_settings.BaseSettings)"))
config("settings-optional-url", SETTINGS.replace("debug: bool = False", "debug: bool = False\n    redis_url: str | None = None"), {name: "either PX102" for name in ["redis", "arq", "all"]} | {"*": "perfect"})

# ---- application ----------------------------------------------------------------------------------------------------

ON_EVENT = PLAIN % '''\
app = FastAPI(title=settings.app_name)


@app.on_event("startup")
async def startup() -> None:
    print("up")


@app.on_event("shutdown")
async def shutdown() -> None:
    print("down")
'''
main_module("app-on-event", ON_EVENT)
main_module("app-on-event-startup-only", ON_EVENT[: ON_EVENT.index('\n\n@app.on_event("shutdown")')] + "\n")
main_module("app-on-event-sync", ON_EVENT.replace("async def", "def"), {name: "either PX504" for name in LIFE} | {"*": "perfect"})
main_module("app-on-event-pass", ON_EVENT.replace('print("up")', "pass").replace('print("down")', "pass"))

main_module(
    "app-add-event-handler",
    '''\
from fastapi import FastAPI

from app.core.config import settings
from app.core.events import create_start_app_handler, create_stop_app_handler


def get_application() -> FastAPI:
    application = FastAPI(title=settings.app_name)

    application.add_event_handler("startup", create_start_app_handler(application))
    application.add_event_handler("shutdown", create_stop_app_handler(application))

    return application


app = get_application()
''',
    files={
        "app/core/events.py": '''\
from typing import Callable

from fastapi import FastAPI


def create_start_app_handler(app: FastAPI) -> Callable:
    async def start_app() -> None:
        print("up")

    return start_app


def create_stop_app_handler(app: FastAPI) -> Callable:
    async def stop_app() -> None:
        print("down")

    return stop_app
''',
        "pyproject.toml": PYPROJECT.replace("fastapi>=0.115", "fastapi>=0.115,<0.160"),
    },
)

main_module(
    "app-on-startup-list",
    PLAIN
    % '''\

async def startup() -> None:
    print("up")


async def shutdown() -> None:
    print("down")


app = FastAPI(title=settings.app_name, on_startup=[startup], on_shutdown=[shutdown])
''',
)
main_module("app-on-startup-list-imported", PLAIN.replace("import settings", "import settings\nfrom app.core.events import shutdown, startup") % "app = FastAPI(on_startup=[startup], on_shutdown=[shutdown])\n", files={"app/core/events.py": 'async def startup() -> None:\n    print("up")\n\n\nasync def shutdown() -> None:\n    print("down")\n'})

main_module("lifespan-none", PLAIN % "app = FastAPI(title=settings.app_name)\n")
main_module("lifespan-none-old-fastapi", PLAIN % "app = FastAPI(title=settings.app_name)\n", files={"pyproject.toml": PYPROJECT.replace("fastapi>=0.115", "fastapi>=0.68,<0.69")}, expect={name: "either PX504 PX202" for name in LIFE} | {"*": "perfect"})
main_module("lifespan-is-none", PLAIN % "app = FastAPI(title=settings.app_name, lifespan=None)\n", {name: "either PX504" for name in LIFE} | {"*": "perfect"})

main_module(
    "lifespan-expression",
    PLAIN.replace("import FastAPI", "import FastAPI\nfrom lifespans import build")
    % 'app = FastAPI(title=settings.app_name, lifespan=build(settings.app_name))\n',
    refused("PX504"),
)
main_module("lifespan-lambda", MAIN.replace("lifespan=lifespan", "lifespan=lambda app: lifespan(app)"), {name: "either PX504" for name in LIFE} | {"*": "perfect"})
main_module("lifespan-two-yields", MAIN.replace("    yield\n", "    if settings.debug:\n        yield\n    else:\n        yield\n"), refused("PX504"))
main_module("lifespan-try-finally", MAIN.replace('    yield\n    print("down")', '    try:\n        yield\n    finally:\n        print("down")'))
main_module("lifespan-state", MAIN.replace("    yield\n", '    yield {"client": object()}\n'))
main_module("lifespan-state-name", MAIN.replace("    yield\n", '    state = {"client": object()}\n    yield state  # read by the routes\n'))
main_module("lifespan-with", MAIN.replace('    yield\n', "    async with connect() as connection:\n        app.state.connection = connection\n        yield\n").replace("@asynccontextmanager", "@asynccontextmanager\nasync def connect():\n    yield 1\n\n\n@asynccontextmanager", 1))
main_module("lifespan-exit-stack", MAIN.replace("    yield\n", "    async with AsyncExitStack() as stack:\n        stack.callback(print, 1)\n        yield\n").replace("import asynccontextmanager", "import AsyncExitStack, asynccontextmanager"))
main_module("lifespan-exit-stack-finally", MAIN.replace('    yield\n    print("down")', '    async with AsyncExitStack() as stack:\n        stack.callback(print, 1)\n        try:\n            yield\n        except Exception:\n            print("failed")\n            raise\n        finally:\n            print("down")').replace("import asynccontextmanager", "import AsyncExitStack, asynccontextmanager"))
main_module("lifespan-except-only", MAIN.replace('    yield\n    print("down")', '    try:\n        yield\n    except Exception:\n        print("failed")\n        raise\n    print("down")'))
main_module("lifespan-imported", PLAIN.replace("import settings", "import settings\nfrom app.core.events import lifespan") % "app = FastAPI(title=settings.app_name, lifespan=lifespan)\n", files={"app/core/events.py": MAIN[: MAIN.index("\n\napp = ")].replace("\nfrom app.core.config import settings\n", "") + "\n"})
main_module("lifespan-imported-relative-alias", PLAIN.replace("from app.core.config import settings", "from .core.config import settings\nfrom .core.events import lifespan as life") % "app = FastAPI(title=settings.app_name, lifespan=life)\n", files={"app/core/events.py": MAIN[: MAIN.index("\n\napp = ")].replace("\nfrom app.core.config import settings\n", "") + "\n"})
main_module("lifespan-imported-by-module", PLAIN.replace("import settings", "import settings\nfrom app.core import events") % "app = FastAPI(title=settings.app_name, lifespan=events.lifespan)\n", files={"app/core/events.py": MAIN[: MAIN.index("\n\napp = ")].replace("\nfrom app.core.config import settings\n", "") + "\n"})
main_module(
    "lifespan-nested",
    '''\
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.core.config import settings


def create_app() -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI):
        yield

    app = FastAPI(title=settings.app_name, lifespan=lifespan)
    return app


app = create_app()
''',
)
main_module("lifespan-one-line", MAIN.replace('    print("up")\n    yield\n    print("down")\n', "    yield\n").replace("async def lifespan(app: FastAPI):\n    yield", "async def lifespan(app: FastAPI): yield"), {name: "either PX504" for name in LIFE} | {"*": "perfect"})
main_module("lifespan-yield-first", MAIN.replace('    print("up")\n', '    """Nothing to start."""\n'))
main_module("lifespan-nested-generator", MAIN.replace('    print("up")\n', "    def numbers():\n        yield 1\n        yield 2\n\n    print(list(numbers()))\n"))
main_module("lifespan-class", MAIN.replace("@asynccontextmanager\nasync def lifespan(app: FastAPI):\n    print(\"up\")\n    yield\n    print(\"down\")\n", "class Lifespan:\n    def __init__(self, app: FastAPI) -> None:\n        self.app = app\n\n    async def __aenter__(self) -> None:\n        print(\"up\")\n\n    async def __aexit__(self, *error: object) -> None:\n        print(\"down\")\n").replace("lifespan=lifespan", "lifespan=Lifespan"), refused("PX504"))
main_module("lifespan-early-return", MAIN.replace('    print("up")\n', "    if settings.debug:\n        print('debug')\n"))

FACTORY = """\
from fastapi import FastAPI

from app.core.config import settings
from app.routes import router


def create_app() -> FastAPI:
    app = FastAPI(title=settings.app_name)
    app.include_router(router)
    return app
"""
ROUTES = {"app/routes.py": 'from fastapi import APIRouter\n\nrouter = APIRouter()\n\n\n@router.get("/items")\ndef items():\n    return []\n'}
main_module("factory-alone", FACTORY, files={**ROUTES, "Dockerfile": DOCKERFILE.replace('"app.main:app"', '"--factory", "app.main:create_app"'), "docker-compose.yml": COMPOSE.replace("app.main:app", "--factory app.main:create_app")})
main_module("factory-and-variable", FACTORY + "\n\napp = create_app()\n", files=ROUTES)
main_module("factory-in-other-module", FACTORY, files={**ROUTES, "app/asgi.py": "from app.main import create_app\n\napplication = create_app()\n", "Dockerfile": DOCKERFILE.replace("app.main:app", "app.asgi:application"), "docker-compose.yml": COMPOSE.replace("app.main:app", "app.asgi:application")})
DIRECT = PLAIN % "\ndef create_app() -> FastAPI:\n    return FastAPI(title=settings.app_name)\n"
main_module("factory-returns-call", DIRECT + "\n\napp = create_app()\n")
main_module("factory-returns-call-alone", DIRECT, {"metrics": "either PX509", "all": "either PX509", "*": "perfect"}, files={"Dockerfile": DOCKERFILE.replace('"app.main:app"', '"--factory", "app.main:create_app"'), "docker-compose.yml": COMPOSE.replace("app.main:app", "--factory app.main:create_app")})
main_module("factory-two", FACTORY + "\n\ndef create_admin() -> FastAPI:\n    app = FastAPI(title=\"admin\")\n    return app\n\n\napp = create_app()\n", files=ROUTES)
main_module(
    "factory-nested-return",
    FACTORY.replace("    app.include_router(router)\n", "    def wrapped():\n        return app\n\n    app.include_router(router)\n    if settings.debug:\n        return app\n") + "\n\napp = create_app()\n",
    {"metrics": "perfect", "*": "perfect"},
    files=ROUTES,
)
main_module("factory-nested-mount", FACTORY.replace("    return app\n", '    api = FastAPI(title="api")\n    app.mount("/api", api)\n    return app\n') + "\n\napp = create_app()\n", files=ROUTES)

main_module("app-mounted", PLAIN % 'admin = FastAPI(title="admin")\napp = FastAPI(title=settings.app_name)\napp.mount("/admin", admin)\n', call=1)
main_module("app-several", PLAIN % 'public = FastAPI(title="public")\nprivate = FastAPI(title=settings.app_name)\n', {"*": "refused PX003", "postgis": "either PX003"}, files={"Dockerfile": DOCKERFILE.replace('"uvicorn", "app.main:app", "--host", "0.0.0.0"', '"./start"'), "docker-compose.yml": COMPOSE.replace("    command: uvicorn app.main:app --host 0.0.0.0\n", "")})
main_module("app-several-option", PLAIN % 'public = FastAPI(title="public")\nprivate = FastAPI(title=settings.app_name)\n', files={"Dockerfile": DOCKERFILE.replace('"uvicorn", "app.main:app", "--host", "0.0.0.0"', '"./start"'), "docker-compose.yml": COMPOSE.replace("    command: uvicorn app.main:app --host 0.0.0.0\n", "")}, call=1, options=["--app", "app.main:private"])
main_module("app-routers-in-loop", PLAIN.replace("import settings", "import settings\nfrom app.routes import router") % "app = FastAPI(title=settings.app_name)\nfor item in [router]:\n    app.include_router(item, prefix=\"/v1\")\n", files=ROUTES)
main_module("app-routers-in-helper", PLAIN.replace("import settings", "import settings\nfrom app.setup import setup") % "app = FastAPI(title=settings.app_name)\nsetup(app)\n", files={**ROUTES, "app/setup.py": "from fastapi import FastAPI\n\nfrom app.routes import router\n\n\ndef setup(app: FastAPI) -> None:\n    app.include_router(router)\n"}, root=".")
main_module("app-mount-root", PLAIN.replace("import FastAPI", "import FastAPI\nfrom fastapi.staticfiles import StaticFiles") % 'app = FastAPI(title=settings.app_name)\napp.mount("/", StaticFiles(directory="static", html=True), name="static")\n')
main_module("app-catch-all", PLAIN % 'app = FastAPI(title=settings.app_name)\n\n\n@app.get("/{full_path:path}")\nasync def single_page(full_path: str):\n    return {}\n')
main_module("app-kwargs", PLAIN % 'app = FastAPI(**{"title": settings.app_name})\n', {name: "either PX504 PX509" for name in LIFE} | {"*": "perfect"})
main_module("app-wrapped", PLAIN.replace("import FastAPI", "import FastAPI\nfrom starlette.middleware.cors import CORSMiddleware") % 'app = CORSMiddleware(FastAPI(title=settings.app_name), allow_origins=["*"])\n', {"metrics": "refused PX509", "all": "refused PX509", "*": "perfect"})
main_module("app-rewrapped", PLAIN.replace("import FastAPI", "import FastAPI\nfrom starlette.middleware.cors import CORSMiddleware") % 'app = FastAPI(title=settings.app_name)\napp = CORSMiddleware(app, allow_origins=["*"])\n')
main_module("app-attribute", PLAIN % "\nclass Server:\n    def __init__(self) -> None:\n        self.app = FastAPI(title=settings.app_name)\n\n\napp = Server().app\n", {name: "either PX509" for name in LIFE} | {"*": "perfect"})
main_module("app-annotated", PLAIN % "app: FastAPI = FastAPI(title=settings.app_name)\n")
main_module("app-other-variable", PLAIN % "api = FastAPI(title=settings.app_name)\n", files={"Dockerfile": DOCKERFILE.replace("app.main:app", "app.main:api"), "docker-compose.yml": COMPOSE.replace("app.main:app", "app.main:api")})
main_module("app-subclass", PLAIN % "\nclass Api(FastAPI):\n    pass\n\n\napp = Api(title=settings.app_name)\n")
main_module("app-module-import", PLAIN.replace("from fastapi import FastAPI", "import fastapi") % "app = fastapi.FastAPI(title=settings.app_name)\n")
main_module("app-alias-import", PLAIN.replace("import FastAPI", "import FastAPI as Api") % "app = Api(title=settings.app_name)\n")
main_module("app-call-over-lines", PLAIN % 'app = FastAPI(\n    title=settings.app_name,\n    version="1"  # the first\n    # and the last\n)\n')
main_module("app-call-trailing-comma", PLAIN % 'app = FastAPI(\n    title=settings.app_name,\n    version="1",  # the first\n)\n')
main_module("app-call-one-argument-a-line", PLAIN % 'app = FastAPI(title=settings.app_name,\n              version="1")\n')
main_module("app-in-try", PLAIN % 'try:\n    app = FastAPI(title=settings.app_name)\nexcept Exception:\n    raise\n')
main_module("app-in-if", PLAIN % 'if settings.debug:\n    app = FastAPI(title="debug")\nelse:\n    app = FastAPI(title=settings.app_name)\n', {"*": "either PX003 PX509 PX504", "postgis": "either PX003"})
main_module("app-name-taken", PLAIN % 'def lifespan(weeks: int) -> int:\n    return weeks\n\n\ndef start_redis() -> None:\n    print("mine")\n\n\nmanager = 1\napp = FastAPI(title=settings.app_name)\n', {name: "either PX502" for name in LIFE} | {"*": "perfect"})
main_module("app-metrics-taken", MAIN + '\n\n@app.get("/metrics")\ndef metrics():\n    return ""\n', {"metrics": "refused PX507", "all": "refused PX507", "*": "perfect"})
main_module("app-instrumentator", MAIN.replace("from fastapi import FastAPI", "from fastapi import FastAPI\nfrom prometheus_fastapi_instrumentator import Instrumentator") + "\nInstrumentator().instrument(app).expose(app)\n", {"metrics": "refused PX507", "all": "refused PX507", "*": "perfect"})
main_module("app-if-name-main", MAIN + '\n\nif __name__ == "__main__":\n    import uvicorn\n\n    uvicorn.run("app.main:app", reload=True)\n')
main_module("app-tabs-crlf", MAIN.replace("    ", "\t").replace("\n", "\r\n").encode())
main_module("app-bom-no-final-newline", b"\xef\xbb\xbf" + MAIN.rstrip("\n").encode())
main_module(
    "app-hard-imports",
    '''\
#!/usr/bin/env python
# -*- coding: utf-8 -*-
"""The application.

from here on it says nothing:
from x import y
"""
from __future__ import annotations

import logging
from typing import (
    TYPE_CHECKING,
    Any,
)

try:
    import orjson
except ImportError:
    orjson = None

from fastapi import (
    FastAPI,
    Request,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

from app.core.config import (
    settings,  # the only one
)

logger: Any = logging.getLogger(__name__)

app = FastAPI(title=settings.app_name)
''',
)
main_module("app-imports-in-middle", PLAIN % 'app = FastAPI(title=settings.app_name)\n\nfrom app.routes import router  # noqa: E402\n\napp.include_router(router)\n', files=ROUTES)
main_module("app-semicolons", "from fastapi import FastAPI; from app.core.config import settings\n\napp = FastAPI(title=settings.app_name); app.state.x = 1\n", {name: "either PX509 PX504 PX502" for name in LIFE} | {"*": "perfect"})
main_module("app-middleware-decorator", PLAIN % 'app = FastAPI(title=settings.app_name)\n\n\n@app.middleware("http")\nasync def timing(request, call_next):\n    return await call_next(request)\n')

shape("app-in-init", {"app/main.py": None, "app/__init__.py": MAIN, "Dockerfile": DOCKERFILE.replace("app.main:app", "app:app"), "docker-compose.yml": COMPOSE.replace("app.main:app", "app:app")}, {name: "either PX105" for name in LIFE} | {"*": "perfect"}, application="app/__init__.py", settings="app/core/config.py:Settings")

# ---- layout ---------------------------------------------------------------------------------------------------------


def moved(tree: dict, prefix: str, keep: tuple[str, ...] = ()) -> dict:
    return {(path if path in keep else prefix + path): content for path, content in tree.items()}


SOURCE = {path.replace("app/", "src/demo/", 1) if path.startswith("app/") else path: content.replace("app.", "demo.").replace("settings.demo.", "settings.app.") if isinstance(content, str) and path.endswith((".py", "Dockerfile", "compose.yml")) else content for path, content in BASE.items()}
SOURCE["src/demo/main.py"] = MAIN.replace("from app.", "from demo.")
shape("layout-src", {}, base=SOURCE, application="src/demo/main.py", settings="src/demo/core/config.py:Settings", import_root="src")

SRC_PACKAGE = {path.replace("app/", "src/", 1): content.replace("from app.", "from src.").replace("app.main:app", "src.main:app") if isinstance(content, str) else content for path, content in BASE.items()}
shape("layout-src-is-package", {}, base=SRC_PACKAGE, application="src/main.py", settings="src/core/config.py:Settings", import_root=".")

FLAT = {"main.py": MAIN.replace("app.core.config", "config"), "config.py": SETTINGS, "requirements.txt": "fastapi\npydantic-settings\n", "docker-compose.yml": COMPOSE.replace("app.main:app", "main:app"), "Dockerfile": DOCKERFILE.replace("app.main:app", "main:app"), ".env.sample": "APP_NAME=demo"}
shape("layout-flat", {}, base=FLAT, application="main.py", settings="config.py:Settings", env=".env.sample")
shape("layout-app-as-root", {}, base={**{"app/" + path: content for path, content in FLAT.items() if path.endswith(".py")}, "requirements.txt": FLAT["requirements.txt"], "Dockerfile": DOCKERFILE.replace("WORKDIR /code", "WORKDIR /code/app").replace("app.main:app", "main:app")}, application="app/main.py", settings="app/config.py:Settings", import_root="app")
shape("layout-namespace-package", {"app/__init__.py": None, "app/core/__init__.py": None}, settings="app/core/config.py:Settings")
shape("layout-backend-folder", {}, base={**moved(BASE, "backend/", ("docker-compose.yml",)), "docker-compose.yml": COMPOSE.replace("build: .", "build: ./backend"), "frontend/package.json": "{}\n", "README.md": "x\n"}, root="backend", application="backend/app/main.py", settings="backend/app/core/config.py:Settings", compose="docker-compose.yml", app_service="app", env="backend/.env.example", import_root="backend", dependencies="backend/pyproject.toml")
shape("layout-env-above", {}, base={**moved({key: value for key, value in BASE.items() if key != ".env.example"}, "backend/", ("docker-compose.yml",)), "docker-compose.yml": COMPOSE.replace("build: .", "build:\n      context: ./backend\n      dockerfile: Dockerfile"), ".env.example": "APP_NAME=x\n"}, root="backend", application="backend/app/main.py", settings="backend/app/core/config.py:Settings", compose="docker-compose.yml", app_service="app", env=".env.example", import_root="backend", dependencies="backend/pyproject.toml")
shape("layout-compose-in-folder", {"docker-compose.yml": None, "docker/docker-compose.yml": COMPOSE.replace("build: .", "build:\n      context: ..\n      dockerfile: Dockerfile")}, settings="app/core/config.py:Settings", compose="docker/docker-compose.yml", app_service="app")
shape("layout-no-compose", {"docker-compose.yml": None, "Dockerfile": None, ".env.example": None, ".gitignore": None}, settings="app/core/config.py:Settings", compose="", env="")
shape("layout-several-compose", {"docker-compose.override.yml": "services:\n  app:\n    volumes:\n      - .:/code\n", "docker-compose.prod.yml": "services:\n  app:\n    restart: always\n"}, settings="app/core/config.py:Settings", app_service="app")
shape("layout-services-module", {"app/services.py": "def send() -> None:\n    pass\n"}, {"*": "either PX403 PX404"}, settings="app/core/config.py:Settings")
shape("layout-services-unrelated", {"app/services/__init__.py": "", "app/services/cache.py": "CACHE = {}\n"}, {"redis": "refused PX403", "arq": "refused PX403", "all": "refused PX403", "*": "perfect"}, settings="app/core/config.py:Settings")
shape("layout-services-exists", {"app/services/__init__.py": "from .mail import send\n\n__all__ = [\"send\"]\n", "app/services/mail.py": "from app.core.config import settings\n\n\ndef send() -> str:\n    return settings.app_name\n"}, settings="app/core/config.py:Settings")
shape("layout-services-imports-main", {"app/services/__init__.py": "from . import mail\n", "app/services/mail.py": "def send() -> None:\n    from app.main import app\n\n    print(app)\n"}, settings="app/core/config.py:Settings")
shape("layout-new-syntax", {"app/worker.py": "try:\n    pass\nexcept ValueError, TypeError:\n    pass\n\ntype Alias = int\n"}, settings="app/core/config.py:Settings")
shape("layout-cookiecutter-folder", {"{{cookiecutter.name}}/app/main.py": MAIN, "{{cookiecutter.name}}/app/core/config.py": SETTINGS}, settings="app/core/config.py:Settings")
shape("layout-test-application", {"tests/conftest.py": "from fastapi import FastAPI\n\napp = FastAPI()\n", "examples/demo.py": "from fastapi import FastAPI\n\napp = FastAPI()\n"}, settings="app/core/config.py:Settings")

# ---- compose --------------------------------------------------------------------------------------------------------

compose(
    "compose-anchors",
    """\
x-common: &common
  restart: unless-stopped
  environment: &env
    TZ: UTC

services:
  app:
    <<: *common
    build: .
    environment:
      <<: *env
      DEBUG: "true"
    depends_on:
      db:
        condition: service_started

  db:
    <<: *common
    image: "postgres:15"   # not the newest
    # the end of db
# the end of the services

volumes:
  pg_data: {}
""",
)
compose("compose-merged-environment", "x-env: &env\n  environment:\n    TZ: UTC\n\nservices:\n  app:\n    <<: *env\n    build: .\n  db:\n    image: postgres:17\n", {name: "either PX303 PX304" for name in LIFE} | {"*": "perfect"})
compose("compose-aliased-environment", "x-env: &env\n  TZ: UTC\n\nservices:\n  app:\n    build: .\n    environment: *env\n  db:\n    image: postgres:17\n", {name: "either PX303 PX304" for name in LIFE} | {"*": "perfect"})
compose("compose-indent-4", COMPOSE.replace("  ", "    "))
compose("compose-flush-lists", COMPOSE.replace("      - ", "    - "))
compose("compose-flow", 'services:\n  app: {build: ., ports: ["8000:8000"], environment: {DEBUG: "true"}, depends_on: [db]}\n  db: {image: "postgres:16"}\nvolumes: {pg_data: {}}\n', {"*": "either PX303"})
compose("compose-flow-lists", COMPOSE.replace("    environment:\n      - DEBUG=true\n    depends_on:\n      - db\n", '    environment: ["DEBUG=true"]\n    depends_on: [db]\n'))
compose("compose-flow-map", COMPOSE.replace("    environment:\n      - DEBUG=true\n    depends_on:\n      - db\n", '    environment: {DEBUG: "true"}\n    depends_on: {db: {condition: service_started}}\n'))
compose("compose-reset-tag", COMPOSE.replace("    environment:\n      - DEBUG=true", "    networks: !reset []\n    environment:\n      - DEBUG=true"))
compose("compose-empty", "", app_service=None, expect={"*": "either PX303 PX301"})
compose("compose-services-null", "services:\n", app_service=None, expect={"*": "either PX303 PX301"})
compose("compose-services-missing", "volumes:\n  x:\n", app_service=None, expect={"*": "either PX303 PX301"})
compose("compose-volumes-null", COMPOSE.replace("volumes:\n  pg_data:\n", "volumes:\n").replace("    volumes:\n      - pg_data:/var/lib/postgresql/data\n", ""))
compose("compose-volumes-first", "volumes:\n  pg_data:\n\n" + COMPOSE[: COMPOSE.index("\nvolumes:")])
compose("compose-no-volumes-no-newline", COMPOSE[: COMPOSE.index("    volumes:")].rstrip("\n"))
compose("compose-crlf", COMPOSE.replace("\n", "\r\n").encode())
compose("compose-no-environment", COMPOSE.replace("    environment:\n      - DEBUG=true\n    depends_on:\n      - db\n", "    env_file: .env\n"))
compose("compose-environment-null", COMPOSE.replace("      - DEBUG=true\n", ""), {name: "either PX303 PX304" for name in LIFE} | {"*": "perfect"})
compose("compose-environment-map", COMPOSE.replace("      - DEBUG=true", '      DEBUG: "true"'))
compose("compose-redis-other-image", COMPOSE.replace("  db:\n    image", "  redis:\n    image: example.com/thing:1\n\n  db:\n    image"), refused("PX302", ["redis", "arq", "all"]))
compose("compose-cache-valkey", COMPOSE.replace("  db:\n    image", "  cache:\n    image: valkey/valkey:8\n    ports:\n      - \"6379:6379\"\n\n  db:\n    image"))
compose("compose-redis-with-value", COMPOSE.replace("      - DEBUG=true", "      - DEBUG=true\n      - REDIS_URL=redis://cache:6379/5").replace("  db:\n    image", "  cache:\n    image: redis:7\n\n  db:\n    image"))
compose("compose-port-taken", COMPOSE.replace("  db:\n    image", "  other:\n    image: example.com/thing:1\n    ports:\n      - \"6379:80\"\n      - published: 4317\n        target: 1\n      - 9000:9000\n\n  db:\n    image"))
compose("compose-documents", COMPOSE + "---\nservices:\n  x:\n    image: y\n", {"*": "refused PX303", "websocket": "perfect"})
compose("compose-tabs", COMPOSE.replace("    image", "\timage"), {"*": "refused PX005", "websocket": "perfect"}, app_service=None)
compose("compose-networks", COMPOSE.replace("    depends_on:\n      - db\n", "    depends_on:\n      - db\n    networks:\n      - backend\n").replace("\nvolumes:", "\nnetworks:\n  backend:\n\nvolumes:"))
compose("compose-host-network", COMPOSE.replace('    ports:\n      - "8000:8000"\n', "    network_mode: host\n"))
compose("compose-worker-beside", COMPOSE.replace("  db:\n    image", "  cron:\n    build: .\n    command: python -m app.cron\n\n  db:\n    image"))
compose("compose-two-built", COMPOSE.replace("    command: uvicorn app.main:app --host 0.0.0.0\n", "").replace("  db:\n    image", "  web:\n    build: .\n\n  db:\n    image"), {"*": "refused PX306", "postgis": "either PX306", "websocket": "perfect"}, app_service=None)
compose("compose-image-only", COMPOSE.replace("build: .", "image: example.com/demo:1"), app_service=None)
compose("compose-database-pg", COMPOSE.replace("  db:\n", "  pg:\n").replace("- db\n", "- pg\n").replace("postgres:16-alpine", "docker.io/library/postgres:14.2"), {"postgis": "either PX308", "all": "either PX308", "*": "perfect"})
for tag, wanted in {"latest": "refused PX308", "9.6": "refused PX308", "18": "perfect", "17.2-bookworm": "either PX308", "16-alpine@sha256:" + "0" * 64: "refused PX308"}.items():
    compose(f"compose-postgres-{tag.split('@')[-1].split(':')[0].replace('.', '-')}", COMPOSE.replace("postgres:16-alpine", f"postgres:{tag}"), {"postgis": wanted, "all": wanted, "*": "perfect"})
compose("compose-postgres-variable", COMPOSE.replace("postgres:16-alpine", "${PG_IMAGE:-postgres:16}"), {"postgis": "refused PX308", "all": "refused PX308", "*": "perfect"})
compose("compose-mysql", COMPOSE.replace("postgres:16-alpine", "mysql:8"), {"postgis": "either PX308", "all": "either PX308", "*": "perfect"})
compose("compose-already-postgis", COMPOSE.replace("postgres:16-alpine", "postgis/postgis:16-3.4"))
shape("compose-yaml-name", {"docker-compose.yml": None, "compose.yaml": "name: demo\n" + COMPOSE}, settings="app/core/config.py:Settings", app_service="app")
compose("compose-quoted-keys", COMPOSE.replace("  app:", '  "app":').replace("services:", '"services":'))
compose("compose-long-comment-end", COMPOSE + "\n# that was all\n  # really\n")
compose("compose-extends", "services:\n  app:\n    extends:\n      file: base.yml\n      service: app\n    build: .\n  db:\n    image: postgres:16\n", files={"base.yml": "services:\n  app:\n    environment:\n      A: b\n"})

# ---- dependencies ---------------------------------------------------------------------------------------------------

REQUIREMENTS = "fastapi>=0.115\npydantic-settings\nuvicorn[standard]\n"
dependencies("deps-requirements", {"pyproject.toml": None, "requirements.txt": REQUIREMENTS})
dependencies("deps-requirements-crlf-end", {"pyproject.toml": None, "requirements.txt": REQUIREMENTS.rstrip("\n").replace("\n", "\r\n").encode()})
dependencies("deps-requirements-comments", {"pyproject.toml": None, "requirements.txt": "# web\n-r base.txt\nfastapi>=0.115 ; python_version >= '3.8'  # the framework\n\n# other\nuvicorn[standard] \\\n    >=0.20\n", "base.txt": "Redis[hiredis]==5.2.1\n"})
dependencies("deps-requirements-hashes", {"pyproject.toml": None, "requirements.txt": "fastapi==0.115.0 \\\n    --hash=sha256:" + "0" * 64 + "\n"}, {"*": "refused PX204", "websocket": "perfect"})
dependencies("deps-requirements-in", {"pyproject.toml": None, "requirements.in": "fastapi\npydantic-settings\n", "requirements.txt": "# This file is autogenerated by pip-compile\nfastapi==0.115.0\n    # via -r requirements.in\npydantic-settings==2.6.0\n"}, dependencies="requirements.in")
dependencies("deps-requirements-folder", {"pyproject.toml": None, "requirements/base.txt": REQUIREMENTS, "requirements/dev.txt": "-r base.txt\npytest\n"}, dependencies="requirements/base.txt")
dependencies("deps-requirements-dev", {"pyproject.toml": None, "requirements.txt": REQUIREMENTS, "requirements-dev.txt": "-r requirements.txt\npytest\n"})
dependencies("deps-tools-only", {"pyproject.toml": "[tool.ruff]\nline-length = 100\n", "requirements.txt": REQUIREMENTS}, dependencies="requirements.txt")
dependencies("deps-dynamic", {"pyproject.toml": '[project]\nname = "demo"\nversion = "1"\ndynamic = ["dependencies"]\n\n[tool.setuptools.dynamic]\ndependencies = { file = ["deps.txt"] }\n', "deps.txt": REQUIREMENTS}, dependencies="deps.txt")
dependencies("deps-dynamic-unknown", {"pyproject.toml": '[project]\nname = "demo"\ndynamic = ["dependencies", "version"]\n\n[build-system]\nrequires = ["hatchling"]\n', "setup.py": "from setuptools import setup\n\nsetup()\n"}, {"*": "refused PX204", "websocket": "perfect"}, dependencies="")
POETRY = '[tool.poetry]\nname = "demo"\nversion = "0.1.0"\n\n[tool.poetry.dependencies]\npython = "^3.11"\nfastapi = "^0.115"\npydantic-settings = "^2.0"\nuvicorn = { version = "^0.30", extras = ["standard"] }\n\n[tool.poetry.group.dev.dependencies]\npytest = "^8"\n\n[build-system]\nrequires = ["poetry-core"]\nbuild-backend = "poetry.core.masonry.api"\n'
dependencies("deps-poetry", {"pyproject.toml": POETRY, "poetry.lock": "# x\n"})
dependencies("deps-poetry-has-redis", {"pyproject.toml": POETRY.replace('fastapi = "^0.115"', 'fastapi = "^0.115"\nRedis = { version = "^5.0.1", extras = ["hiredis"] }')})
dependencies("deps-poetry-bound", {"pyproject.toml": POETRY.replace('fastapi = "^0.115"', 'fastapi = "^0.115"\nredis = "^4.5"')}, refused("PX202", ["redis", "arq", "all"]))
dependencies("deps-poetry-old-dev", {"pyproject.toml": POETRY.replace("group.dev.dependencies", "dev-dependencies")})
dependencies("deps-poetry-2", {"pyproject.toml": PYPROJECT.replace("[dependency-groups]\ndev = [\"pytest>=8\"]\n", '[tool.poetry]\npackages = [{ include = "app" }]\n\n[tool.poetry.group.dev.dependencies]\npytest = "^8"\n')})
dependencies("deps-bound", {"pyproject.toml": PYPROJECT.replace('"fastapi>=0.115"', '"fastapi>=0.115",\n    "redis>=4,<5"')}, refused("PX202", ["redis", "arq", "all"]))
dependencies("deps-spellings", {"pyproject.toml": PYPROJECT.replace('"fastapi>=0.115"', '"fastapi>=0.115",\n    "Redis[hiredis]>=5.0.1; python_version >= \'3.8\'",\n    "prometheus_client",\n    "GeoAlchemy2~=0.15",\n    "aiofiles @ git+https://github.com/Tinche/aiofiles"')})
dependencies("deps-one-line", {"pyproject.toml": PYPROJECT.replace('[\n    "fastapi>=0.115",\n    "pydantic-settings>=2.0",\n    "uvicorn[standard]",\n]', '["fastapi>=0.115", "pydantic-settings>=2.0", "uvicorn[standard]"]')})
dependencies("deps-comments", {"pyproject.toml": PYPROJECT.replace('    "pydantic-settings>=2.0",\n    "uvicorn[standard]",\n', '    # settings\n    "pydantic-settings>=2.0", # typed\n    # server\n    "uvicorn[standard]" # no comma\n    # the end\n')})
dependencies("deps-empty-list", {"pyproject.toml": PYPROJECT.replace('[\n    "fastapi>=0.115",\n    "pydantic-settings>=2.0",\n    "uvicorn[standard]",\n]', "[]")})
dependencies("deps-no-list", {"pyproject.toml": '[project]\nname = "demo"\nversion = "1"\n'}, {"*": "either PX203 PX204", "websocket": "perfect"}, dependencies="pyproject.toml")
dependencies("deps-invalid-toml", {"pyproject.toml": PYPROJECT + "\n[broken\n"}, {"*": "refused PX005", "websocket": "either PX005"})
dependencies("deps-none", {"pyproject.toml": None}, {"*": "refused PX203", "websocket": "perfect"}, dependencies="")
dependencies("deps-crlf-toml", {"pyproject.toml": PYPROJECT.replace("\n", "\r\n").encode()})
dependencies("deps-no-dev-group", {"pyproject.toml": PYPROJECT[: PYPROJECT.index("\n[dependency-groups]")]})
dependencies("deps-optional-dev", {"pyproject.toml": PYPROJECT.replace("[dependency-groups]", "[project.optional-dependencies]")})
dependencies("deps-pipfile", {"pyproject.toml": None, "Pipfile": '[packages]\nfastapi = "*"\n'}, {"*": "either PX203 PX204", "websocket": "perfect"}, dependencies="")

# ---- env, ignore, migrations ----------------------------------------------------------------------------------------

shape("env-suffixes", {".env.example": "# REDIS_URL=redis://old\nMY_REDIS_URL=a\nREDIS_URL_OLD=b\nexport ARQ_JOB_TIMEOUT=300"}, settings="app/core/config.py:Settings")
shape("env-present", {".env.example": "REDIS_URL=redis://localhost:6379/0\nredis_max_connections=50\n"}, settings="app/core/config.py:Settings")
shape("env-crlf-bom", {".env.example": b"\xef\xbb\xbfAPP_NAME=demo\r\nDEBUG=false\r\n"}, settings="app/core/config.py:Settings")
shape("env-empty", {".env.example": ""}, settings="app/core/config.py:Settings")
for other in (".env.template", ".env.sample", ".env-example", ".env.dist"):
    shape(f"env-named-{other.strip('.').replace('.', '-')}", {".env.example": None, other: "APP_NAME=demo\n", ".env": "SECRET=1\n"}, settings="app/core/config.py:Settings", env=other)
shape("env-committed-only", {".env.example": None, ".env": "SECRET=1\n"}, settings="app/core/config.py:Settings", env="")
shape("ignore-present", {".gitignore": "/uploads/\n", ".dockerignore": "uploads\n*.pyc"}, settings="app/core/config.py:Settings")
ALEMBIC = {
    "alembic.ini": "[alembic]\nscript_location = alembic\n",
    "alembic/env.py": '''\
from alembic import context
from sqlalchemy import engine_from_config, pool

from app.core.config import settings

config = context.config
target_metadata = None


def run_migrations_offline() -> None:
    context.configure(url=settings.app_name, target_metadata=target_metadata, literal_binds=True)

    with context.begin_transaction():
        context.run_migrations()


def run_migrations_online() -> None:
    connectable = engine_from_config({}, poolclass=pool.NullPool)
    with connectable.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=target_metadata
        )
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    run_migrations_offline()
else:
    run_migrations_online()
''',
    "alembic/script.py.mako": '"""${message}"""\nfrom alembic import op\nimport sqlalchemy as sa\n\n\ndef upgrade():\n    ${upgrades if upgrades else "pass"}\n',
    "alembic/versions/.keep": "",
}
shape("alembic", ALEMBIC, settings="app/core/config.py:Settings")
shape("alembic-async", {**ALEMBIC, "alembic/env.py": ALEMBIC["alembic/env.py"].replace("def run_migrations_online() -> None:", "def do_run_migrations(connection) -> None:\n    context.configure(connection=connection, target_metadata=target_metadata)\n    with context.begin_transaction():\n        context.run_migrations()\n\n\ndef unused() -> None:")}, settings="app/core/config.py:Settings")


# ---- writing --------------------------------------------------------------------------------------------------------


def write(folder: Path, names: list[str]) -> int:
    """Writes the named shapes (or all) and says how many."""
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for name, (tree, facts) in SHAPES.items():
        if names and name not in names:
            continue
        top = folder / name
        shutil.rmtree(top, ignore_errors=True)
        top.mkdir()
        for path, content in tree.items():
            file = top / path.strip()
            file.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, str) and content.startswith("-> "):
                os.symlink(content.removeprefix("-> "), file)
            else:
                file.write_bytes(content.encode() if isinstance(content, str) else content)
        (folder / f"{name}.json").write_text(json.dumps(facts, indent=1) + "\n")
        count += 1
    return count


if __name__ == "__main__":
    print(write(Path(sys.argv[1]), sys.argv[2:]), "projects written")
