"""Shapes that are put together by a seed: each part of a project in one of the ways in which it is written, every two of them somewhere."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass

from shape import Edit, Shape, tool

SHORT, LONG = 48, 240
"""How many shapes of a run, and of a long one."""


@dataclass(frozen=True)
class Part:
    """One way to write a part of a project."""

    name: str
    text: str = ""
    head: str = ""
    refusal: bool = False
    """Whether `add` may refuse it."""


# What runs at the start and at the end; `lifespan` is what the application is made with

MANAGER = "from contextlib import asynccontextmanager\n"
LIVES = (
    Part("nothing"),
    Part("a lifespan", '@asynccontextmanager\nasync def lifespan(app):\n    print("up")\n    yield\n    print("down")\n', MANAGER),
    Part("a lifespan with a state", '@asynccontextmanager\nasync def lifespan(app):\n    print("up")\n    yield {"answer": 42}\n    print("down")\n', MANAGER),
    Part("a lifespan with finally", '@asynccontextmanager\nasync def lifespan(app):\n    print("up")\n    try:\n        yield\n    finally:\n        print("down")\n', MANAGER),
    Part("a lifespan of two branches", '@asynccontextmanager\nasync def lifespan(app):\n    if os.getenv("PROD"):\n        print("prod")\n        yield\n    else:\n        print("dev")\n        yield\n        print("dev down")\n', "import os\n" + MANAGER),
    Part("a lifespan in an if", 'if os.getenv("PROD"):\n\n    @asynccontextmanager\n    async def lifespan(app):\n        print("prod")\n        yield\n\nelse:\n\n    @asynccontextmanager\n    async def lifespan(app):\n        print("dev")\n        yield\n', "import os\n" + MANAGER),
    Part("a lifespan around another", '@asynccontextmanager\nasync def inner(app):\n    print("inner")\n    yield 7\n    print("inner down")\n\n\n@asynccontextmanager\nasync def lifespan(app):\n    async with inner(app) as seven:\n        print("up", seven)\n        yield\n    print("down")\n', MANAGER),
    Part("a class", 'class lifespan:\n    def __init__(self, app):\n        self.app = app\n\n    async def __aenter__(self):\n        print("up")\n\n    async def __aexit__(self, *error):\n        print("down")\n'),
    Part("a local start_redis", '@asynccontextmanager\nasync def lifespan(app):\n    start_redis = "mine"\n    print("up", start_redis)\n    yield\n    print("down")\n', MANAGER),
)

# How the application is made: `{given}` is the lifespan's argument, if there is one

MAKINGS = (
    Part("plain", "app = FastAPI({given})\n"),
    Part("debug", "app = FastAPI(debug=settings.debug{, given})\n"),
    Part("on lines", 'app = FastAPI(\n    title="A title",  # shown in the docs\n    debug=settings.debug,\n    {given}\n)\n'),
    Part("kwargs", 'options = dict({given})\napp = FastAPI(title="x", **options)\n'),
    Part("a factory", "def create_app():\n    application = FastAPI({given})\n    return application\n\n\napp = create_app()\n"),
    Part("a factory with a condition", "def create_app(title='x'):\n    application = FastAPI(title=title{, given})\n    if title == 'y':\n        return application\n    return application\n\n\napp = create_app()\n", refusal=True),
    Part("a subclass", "class Application(FastAPI):\n    pass\n\n\napp = Application({given})\n"),
    Part("annotated", "app: FastAPI = FastAPI({given})\n"),
)

# What is done to the application afterwards

AFTERS = (
    Part("a route", '@app.get("/x")\ndef x():\n    return {"debug": settings.debug}\n'),
    Part("a router", "app.include_router(router)\n", "from app.routes import router\n"),
    Part("a router with a prefix", 'app.include_router(router, prefix="/api")\n', "from app import routes\nfrom app.routes import router\n"),
    Part("a middleware", '@app.middleware("http")\nasync def mark(request, call_next):\n    response = await call_next(request)\n    response.headers["x-mark"] = "1"\n    return response\n'),
    Part("CORS", 'app.add_middleware(CORSMiddleware, allow_origins=["*"])\n', "from fastapi.middleware.cors import CORSMiddleware\n"),
    Part("a wrapped lifespan", "inner_context = app.router.lifespan_context\n\n\n@contextlib.asynccontextmanager\nasync def outer(application):\n    print('outer')\n    async with inner_context(application) as state:\n        yield state\n    print('outer down')\n\n\napp.router.lifespan_context = outer\n", "import contextlib\n"),
    Part("a main guard", 'if __name__ == "__main__":\n    import uvicorn\n\n    uvicorn.run(app)\n'),
    Part("an exception handler", "@app.exception_handler(KeyError)\nasync def missing(request, error):\n    raise error\n"),
)

# How the settings are written; the application's module imports `settings`

SETTINGS = (
    Part("plain", "class Settings(BaseSettings):\n    debug: bool = False\n\n\nsettings = Settings()\n"),
    Part("a prefix", 'class Settings(BaseSettings):\n    model_config = SettingsConfigDict(env_prefix="APP_")\n\n    debug: bool = False\n\n\nsettings = Settings()\n'),
    Part("a prefix by a name", 'PREFIX = "APP_"\n\n\nclass Settings(BaseSettings):\n    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore")\n\n    debug: bool = False\n\n\nsettings = Settings()\n'),
    Part("a prefix of a base", 'class Base(BaseSettings):\n    model_config = SettingsConfigDict(env_prefix=f"{\'APP\'}_")\n\n\nclass Settings(Base):\n    debug: bool = False\n\n\nsettings = Settings()\n'),
    Part("a nested Config", 'class Settings(BaseSettings):\n    debug: bool = False\n\n    class Config:\n        env_prefix = "APP_"\n\n\nsettings = Settings()\n'),
    Part("a prefix of the call", 'class Settings(BaseSettings):\n    debug: bool = False\n\n\nsettings = Settings(_env_prefix="APP_")\n'),
    Part("two instances", "class Settings(BaseSettings):\n    debug: bool = False\n\n\nsettings = Settings()\ntest_settings = Settings(debug=True)\n"),
    Part("a cached getter behind", "class Settings(BaseSettings):\n    debug: bool = False\n\n\n@lru_cache\ndef get_settings():\n    return Settings()\n\n\nsettings = get_settings()\n"),
)

# Compose files

APP = "  app:\n    build: .\n    command: uvicorn app.main:app\n"
COMPOSES = (
    Part("none"),
    Part("plain", "services:\n" + APP),
    Part("an environment", "services:\n" + APP + "    environment:\n      A: '1'\n"),
    Part("an environment list", "services:\n" + APP + "    environment:\n    - A=1\n    depends_on: [db]\n  db:\n    image: postgres:16\n"),
    Part("an alias", "x-env: &env\n  A: '1'\nservices:\n" + APP + "    environment: *env\n  other:\n    image: other\n    environment: *env\n"),
    Part("a merge", "x-base: &base\n  build: .\n  environment:\n    A: '1'\nservices:\n  app:\n    <<: *base\n    command: uvicorn app.main:app\n  other:\n    <<: *base\n    command: python -m other\n"),
    Part("networks", "services:\n" + APP + "    networks: [front]\nnetworks:\n  front:\n"),
    Part("a redis", "services:\n" + APP + "  cache:\n    image: redis:7\n    command: redis-server --requirepass hunter2\n", refusal=True),
    Part("a redis elsewhere", "services:\n" + APP + "    networks: [front]\n  cache:\n    image: redis:7\n    networks: [back]\nnetworks:\n  front:\n  back:\n", refusal=True),
    Part("a taken port", "services:\n" + APP + "  other:\n    image: other\n    ports: ['6379:6379']\n"),
    Part("flush lists, indent 4", "services:\n    app:\n        build: .\n        command: uvicorn app.main:app\n        ports:\n        - '8000:8000'\n"),
)

# Lists of dependencies

PYPROJECT = '[project]\nname = "demo"\nversion = "0"\n'
DEPENDENCIES = (
    Part("on lines", PYPROJECT + 'dependencies = [\n    "fastapi",\n    "pydantic-settings",\n]\n'),
    Part("on one line", PYPROJECT + 'dependencies = ["fastapi", "pydantic-settings"]\n'),
    Part("poetry", '[tool.poetry]\nname = "demo"\nversion = "0"\n\n[tool.poetry.dependencies]\npython = "^3.11"\nfastapi = "*"\npydantic-settings = "*"\n'),
    Part("redis for Windows", PYPROJECT + "dependencies = [\n    \"fastapi\",\n    \"pydantic-settings\",\n    'redis>=5; sys_platform == \"win32\"',\n]\n", refusal=True),
    Part("requirements.txt", "fastapi\npydantic-settings\n"),
)
STYLES = (
    Part("as it is"),
    Part("CRLF"),
    Part("no final newline"),
    Part("single quotes"),
)
ADDS = (("redis",), ("metrics",), ("redis", "metrics"), ("arq",), ("redis", "metrics", "arq"), ("websocket",), ("storage",))
EDITS = (
    None,
    Edit("black 88", tool("black", "-q"), formats=True),
    Edit("ruff format 72", tool("ruff", "format", "-q", "--isolated", "--line-length", "72"), formats=True),
    Edit("isort by black", tool("isort", "-q", "--profile", "black"), formats=True),
    Edit("single lines", tool("ruff", "check", "-q", "--isolated", "--select", "I", "--fix", "--config=lint.isort.force-single-line=true"), formats=True),
)
SIZES = tuple(len(part) for part in (LIVES, MAKINGS, AFTERS, SETTINGS, COMPOSES, DEPENDENCIES, STYLES, ADDS, EDITS))

Row = tuple[int, ...]
"""Which one of each part."""


def collect(seed: int, long: bool) -> list[Shape]:
    """Shapes in which as many pairs of parts as possible stand together, those first that did not yet."""
    chance = random.Random(seed)
    seen: set[tuple[tuple[int, int], tuple[int, int]]] = set()
    made = []
    for number in range(LONG if long else SHORT):
        rows = [tuple(chance.randrange(size) for size in SIZES) for _ in range(40)]
        best = max(rows, key=lambda row: len(pairs(row) - seen))
        seen |= pairs(best)
        made.append(build(number, best))
    return made


def pairs(row: Row) -> set[tuple[tuple[int, int], tuple[int, int]]]:
    return set(itertools.combinations(enumerate(row), 2))


def build(number: int, row: Row) -> Shape:
    """The project of one choice of parts."""
    life, making, after, config = LIVES[row[0]], MAKINGS[row[1]], AFTERS[row[2]], SETTINGS[row[3]]
    compose, dependencies, style = COMPOSES[row[4]], DEPENDENCIES[row[5]], STYLES[row[6]]
    parts = (life, making, after, config, compose, dependencies, style)
    edit = EDITS[row[8]]
    given = "lifespan=lifespan" if life.text else ""
    made = making.text.replace("{, given}", f", {given}" if given else "")
    made = made.replace("    {given}\n", f"    {given},\n" if given else "").replace("{given}", given)
    blocks = "\n\n".join(block for block in (life.text, made, after.text) if block)
    main = f"{life.head}{after.head}\nfrom fastapi import FastAPI\n\nfrom app.config import settings\n\n\n{blocks}\n\nprint('made', settings.debug)\n"
    is_text = dependencies.name == "requirements.txt"
    files: dict[str, str | None] = {
        "app/main.py": main,
        "app/routes.py": "from fastapi import APIRouter\n\nrouter = APIRouter()\n\n\n@router.get('/items')\ndef items():\n    return []\n",
        "app/config.py": f"from functools import lru_cache  # noqa: F401\n\nfrom pydantic_settings import BaseSettings, SettingsConfigDict  # noqa: F401\n\n\n{config.text}",
        "compose.yml": compose.text or None,
        ".env.example": "DEBUG=false\n",
        "pyproject.toml": None if is_text else dependencies.text,
        "requirements.txt": dependencies.text if is_text else None,
    }
    return Shape(
        "generated",
        f"{number:03}: {', '.join(part.name for part in parts)}",
        {path: None if text is None else styled(text, style.name) for path, text in files.items()},
        add=ADDS[row[7]],
        envs=({}, {"PROD": "1"}) if "getenv" in main else ({},),
        refusal="any" if any(part.refusal for part in parts) else None,
        url="redis://:hunter2@cache:6379" if compose.name == "a redis" else None,
        edits=(edit,) if edit and style.name == "as it is" else (),
    )


def styled(text: str, style: str) -> str:
    """The text as another editor writes it."""
    if style == "CRLF":
        return text.replace("\n", "\r\n")
    if style == "no final newline":
        return text.rstrip("\n")
    return text.replace('"', "'") if style == "single quotes" and "'" not in text else text
