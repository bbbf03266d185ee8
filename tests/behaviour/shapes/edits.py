"""What users do after `add`: formatters, import sorters, renames, moved code, wrapped calls, uses of what is ours."""

import shutil
import sys
from pathlib import Path

from shape import BASE, MAIN, Collection, Edit, anywhere, append, both, delete, prepend, replace, tool, write

formats = Collection("formats")
wraps = Collection("wraps")
uses = Collection("uses")
blind = Collection("check")
trees = Collection("trees")

LONG = """
    from contextlib import asynccontextmanager

    from fastapi import FastAPI
    from app.config import settings


    @asynccontextmanager
    async def lifespan(app: FastAPI):
        print("up")
        yield
        print("down")


    app = FastAPI(title="a rather long title of an application", description="a description that is long as well", debug=settings.debug, lifespan=lifespan)


    @app.get("/")
    def index():
        return {"debug": settings.debug, "answer": [1, 2, 3], "words": ["a", "b", "c", "d", "e", "f", "g", "h"]}
"""
HANDLERS = "from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.on_event('startup')\nasync def up():\n    print('up')\n\n\n@app.on_event('shutdown')\nasync def down():\n    print('down')\n"

RUFF = ("ruff", "--isolated")


def sorter(*options: str) -> tuple[str, ...]:
    return ("ruff", "check", "-q", "--isolated", "--select", "I", "--fix", *(f"--config=lint.isort.{one}" for one in options))


FORMATTERS = [
    *(Edit(f"black {width}", tool("black", "-q", "-l", str(width)), formats=True) for width in (79, 100, 120)),
    *(Edit(f"ruff format {width}", tool("ruff", "format", "-q", "--isolated", "--line-length", str(width)), formats=True) for width in (60, 79, 100, 120)),
    Edit("black without magic commas", tool("black", "-q", "-C"), formats=True),
    Edit("ruff format with single quotes", tool("ruff", "format", "-q", "--isolated", "--config=format.quote-style='single'"), formats=True),
    Edit("ruff format with tabs", tool("ruff", "format", "-q", "--isolated", "--config=format.indent-style='tab'"), formats=True),
    Edit("yapf pep8", tool("yapf", "-i", "-r", "--style", "pep8"), formats=True),
    Edit("yapf google", tool("yapf", "-i", "-r", "--style", "google"), formats=True),
    Edit("yapf facebook", tool("yapf", "-i", "-r", "--style", "facebook"), formats=True),
]
SORTERS = [
    Edit("isort", tool("isort", "-q"), formats=True),
    *(Edit(f"isort {' '.join(options)}", tool("isort", "-q", *options), formats=True) for options in (
        ("--profile", "black"), ("--profile", "google"), ("--sl",), ("--profile", "black", "--fss"), ("--profile", "black", "--ds"),
        ("--profile", "black", "-m", "2"), ("--profile", "black", "--ca"), ("--profile", "black", "--lai", "1"), ("--profile", "black", "--ls"),
    )),
    *(Edit(f"ruff {' '.join(options)}", tool(*sorter(*options)), formats=True) for options in (
        ("force-single-line=true",), ("no-sections=true",), ("force-sort-within-sections=true",), ("order-by-type=false",), ("combine-as-imports=true",),
        ("lines-after-imports=1",), ("lines-between-types=1",), ("from-first=true",), ("case-sensitive=true",), ("force-to-top=['app']",),
        ("relative-imports-order='closest-to-furthest'",), ("split-on-trailing-comma=false",),
    )),
    Edit("absolute for relative", anywhere(r"^from \.metrics import", "from app.services.metrics import"), formats=True),
    Edit("relative for absolute", replace("app/main.py", r"^from app\.services", "from .services", count=0, regex=True), formats=True),
    Edit("isort, then black", both(tool("isort", "-q", "--profile", "google"), tool("black", "-q", "-l", "100")), formats=True),
    Edit("ruff single lines, then ruff format", both(tool(*sorter("force-single-line=true")), tool("ruff", "format", "-q", "--isolated", "--line-length", "79")), formats=True),
    Edit("pyupgrade by ruff", tool("ruff", "check", "-q", "--isolated", "--select", "UP,I,F401", "--fix"), formats=True),
]
for title, text in {"lifespan created": MAIN, "lifespan of the user's": LONG, "handlers": HANDLERS}.items():
    for number, part in enumerate((FORMATTERS[:7], FORMATTERS[7:], SORTERS[:12], SORTERS[12:])):
        formats.main(f"{title}, {('widths', 'styles', 'isort', 'sorters')[number]}", text, add=("redis", "metrics") if number % 2 else ("redis", "metrics", "arq"), edits=tuple(part))
CRLF = Edit("CRLF", lambda folder: [path.write_bytes(path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")) for path in folder.rglob("*.py")] and None, formats=True)  # type: ignore[func-returns-value]
formats.add("line endings", edits=(CRLF,))
formats.main("one line lists", "from contextlib import asynccontextmanager\n\nfrom fastapi import FastAPI\nfrom pydantic import BaseModel, ConfigDict, EmailStr, Field, HttpUrl, SecretStr, ValidationError\n\n\nclass Item(BaseModel):\n    name: str = Field(default='x')\n\n\nNAMES = (ConfigDict, EmailStr, HttpUrl, SecretStr, ValidationError)\napp = FastAPI()\n", edits=tuple(FORMATTERS[:2]))
formats.config("a long pydantic import", "from pydantic import AnyUrl, ConfigDict, HttpUrl, ValidationError, AliasChoices, EmailStr, BaseModel\nfrom pydantic_settings import BaseSettings\n\nNAMES = (AnyUrl, ConfigDict, HttpUrl, ValidationError, AliasChoices, EmailStr, BaseModel)\n\n\nclass Settings(BaseSettings):\n    debug: bool = False\n\n\nsettings = Settings()\n", {"app/main.py": MAIN})
formats.config("Field as F", "from pydantic import Field as F\nfrom pydantic_settings import BaseSettings\n\n\nclass Settings(BaseSettings):\n    debug: bool = F(default=False)\n\n\nsettings = Settings()\n")
formats.config("Field as F, unused", "from pydantic import Field as F  # noqa: F401\nfrom pydantic_settings import BaseSettings\n\n\nclass Settings(BaseSettings):\n    debug: bool = False\n\n\nsettings = Settings()\n")
formats.config("parenthesised import", "from pydantic import (\n    BaseModel,\n    HttpUrl,\n)\nfrom pydantic_settings import BaseSettings\n\nNAMES = (BaseModel, HttpUrl)\n\n\nclass Settings(BaseSettings):\n    debug: bool = False\n\n\nsettings = Settings()\n")
formats.config("import with a comment", "from pydantic import HttpUrl, BaseModel  # what we need\nfrom pydantic_settings import BaseSettings\n\nNAMES = (BaseModel, HttpUrl)\n\n\nclass Settings(BaseSettings):\n    debug: bool = False\n\n\nsettings = Settings()\n")

# Calls that the user wrapped, moved or commented

START, STOP = "    await start_redis()\n", "    await stop_redis()\n"


def wrapped(new: str, old: str = START, head: str = "") -> tuple[str, object]:
    step = replace("app/main.py", old, new)
    return (both(step, prepend("app/main.py", head)) if head else step)  # type: ignore[return-value]


WRAPS = {
    "try": wrapped("    try:\n        await start_redis()\n    except OSError:\n        print('no redis')\n"),
    "try with finally": wrapped("    try:\n        await start_redis()\n    finally:\n        print('tried')\n"),
    "if": wrapped("    if settings.debug or True:\n        await start_redis()\n"),
    "if and else": wrapped("    if not settings.debug:\n        await start_redis()\n    else:\n        print('debug')\n"),
    "with suppress": wrapped("    with contextlib.suppress(OSError):\n        await start_redis()\n", head="import contextlib\n"),
    "gather": wrapped("    await asyncio.gather(start_redis())\n", head="import asyncio\n"),
    "gather with the user's": wrapped("    await asyncio.gather(start_redis(), asyncio.sleep(0))\n", head="import asyncio\n"),
    "wait_for": wrapped("    await asyncio.wait_for(start_redis(), 5)\n", head="import asyncio\n"),
    "timeout": wrapped("    async with asyncio.timeout(5):\n        await start_redis()\n", head="import asyncio\n"),
    "assigned": wrapped("    done = await start_redis()\n    print('done', done)\n"),
    "comment behind": wrapped("    await start_redis()  # needs the network\n"),
    "comment above": wrapped("    # needs the network\n    await start_redis()\n"),
    "comment behind stop": wrapped("    await stop_redis()  # last\n", old=STOP),
    "stop in a try": wrapped("    try:\n        await stop_redis()\n    except OSError:\n        pass\n", old=STOP),
    "a line between": wrapped("    await start_redis()\n    print('connected')\n"),
    "semicolon": wrapped("    print('a'); await start_redis()\n"),
    "loop": wrapped("    for start in (start_redis,):\n        await start()\n"),
    "task": wrapped("    task = asyncio.create_task(start_redis())\n    await task\n", head="import asyncio\n"),
    "import renamed": both(replace("app/main.py", "import start_redis", "import start_redis as connect"), replace("app/main.py", START, "    await connect()\n")),
    "import as a module": both(replace("app/main.py", "from app.services.cache import start_redis, stop_redis", "from app.services import cache"), replace("app/main.py", START, "    await cache.start_redis()\n"), replace("app/main.py", STOP, "    await cache.stop_redis()\n")),
    "lifespan renamed": anywhere(r"\blifespan\b(?!=)", "life"),
    "in a function of its own": both(replace("app/main.py", START, "    await begin()\n"), append("app/main.py", "\n\nasync def begin():\n    await start_redis()\n")),
    "in an exit stack": both(replace("app/main.py", START, "    async with AsyncExitStack() as stack:\n        await start_redis()\n        stack.push_async_callback(stop_redis)\n"), replace("app/main.py", "    yield\n", "        yield\n"), replace("app/main.py", STOP, ""), prepend("app/main.py", "from contextlib import AsyncExitStack\n")),
    "yield in a try": both(replace("app/main.py", "    yield\n", "    try:\n        yield\n    finally:\n        print('finally')\n")),
    "stop in a finally": both(replace("app/main.py", "    yield\n    await stop_redis()\n", "    try:\n        yield\n    finally:\n        await stop_redis()\n")),
    "indented by an if around all": replace("app/main.py", "    await start_redis()\n    yield\n    await stop_redis()\n", "    if True:\n        await start_redis()\n        yield\n        await stop_redis()\n"),
    "with the user's own lifespan around": both(append("app/main.py", "\n\ninner = app.router.lifespan_context\n\n\n@asynccontextmanager\nasync def outer(application):\n    print('outer')\n    async with inner(application) as state:\n        yield state\n\n\napp.router.lifespan_context = outer\n")),
}
PLAIN = "from contextlib import asynccontextmanager\n\nfrom fastapi import FastAPI\n\nfrom app.config import settings\n\n\n@asynccontextmanager\nasync def lifespan(app: FastAPI):\n    yield\n\n\napp = FastAPI(debug=settings.debug, lifespan=lifespan)\n"
for title, step in WRAPS.items():
    wraps.main(title, PLAIN, edits=(Edit(title, step, deliberate=title in ("if", "if and else", "try")),))  # type: ignore[arg-type]
wraps.main("metrics: a prefix of the router", PLAIN, add=("metrics",), edits=(
    Edit("prefix", replace("app/main.py", "app.include_router(metrics_router)", 'app.include_router(metrics_router, prefix="/internal")'), deliberate=True),
    Edit("dependencies", both(replace("app/main.py", "app.include_router(metrics_router)", "app.include_router(metrics_router, dependencies=[Depends(lambda: None)])"), prepend("app/main.py", "from fastapi import Depends\n"))),
    Edit("under if", replace("app/main.py", "app.include_router(metrics_router)", "if not settings.debug:\n    app.include_router(metrics_router)")),
    Edit("comment behind", replace("app/main.py", "app.include_router(metrics_router)", "app.include_router(metrics_router)  # for Prometheus")),
    Edit("middleware with an argument", replace("app/main.py", "app.add_middleware(MetricsMiddleware)", "app.add_middleware(MetricsMiddleware, **{})")),
    Edit("set-up in a try", replace("app/main.py", "setup_tracing(app)", "try:\n    setup_tracing(app)\nexcept OSError:\n    pass")),
    Edit("in a function", replace("app/main.py", "app.include_router(metrics_router)", "def routes():\n    app.include_router(metrics_router)\n\n\nroutes()")),
))
wraps.main("handlers", HANDLERS, edits=(
    Edit("comment behind", replace("app/main.py", START, "    await start_redis()  # first\n")),
    Edit("try", replace("app/main.py", START, "    try:\n        await start_redis()\n    except OSError:\n        raise\n")),
    Edit("early return above", replace("app/main.py", "    print('up')\n", "    print('up')\n    if app.debug is False:\n        return\n")),
    Edit("handler renamed", anywhere(r"\bup\b(?!')", "begin")),
))

# Our own text in another meaning

wraps.main("module: an edit of ours", PLAIN, edits=(
    Edit("an operator's parentheses", replace("app/services/cache.py", r"return default if text is None else from_json\(text\)", "return (default if text is None else from_json(text)) or default", regex=True)),
    Edit("a return indented", replace("app/services/cache.py", r"^            self\.away_until = (.*)\n            return None\n", r"            self.away_until = \1\n        return None\n", regex=True)),
    Edit("a default", replace("app/services/cache.py", "CONNECT_TIMEOUT = 2", "CONNECT_TIMEOUT = 20")),
    Edit("a function more", append("app/services/cache.py", "\n\nasync def mine() -> int:\n    return 7\n")),
    Edit("a comment more", append("app/services/cache.py", "\n# the end\n")),
    Edit("settings default", replace("app/config.py", 'redis_max_connections: int = Field(default=50', "redis_max_connections: int = Field(default=(50)")),
    Edit("settings value", replace("app/config.py", "default=50", "default=75")),
    Edit("field moved", both(replace("app/config.py", '    cache_key_prefix: str = ""\n', ""), replace("app/config.py", "    debug: bool = False\n", '    cache_key_prefix: str = ""\n    debug: bool = False\n'))),
    Edit("field commented", replace("app/config.py", '    cache_key_prefix: str = ""\n', '    cache_key_prefix: str = ""  # none\n')),
))

# The user's code uses what is ours

ROUTES = {"app/routes.py": "from fastapi import APIRouter\n\nrouter = APIRouter()\n\n\n@router.get('/x')\ndef x():\n    return 1\n", "app/main.py": MAIN.replace("from app.config", "from app import routes\nfrom app.config") + "\n\napp.include_router(routes.router)\n"}
USES = {
    "a route imports cache_get": (both(prepend("app/routes.py", "from app.services.cache import cache_get\n"), append("app/routes.py", "\nUSED = cache_get\n")), "app/routes.py"),
    "a route imports the module": (both(prepend("app/routes.py", "from app.services import cache\n"), append("app/routes.py", "\nUSED = cache.cache_get\n")), "app/routes.py"),
    "import of the dotted module": (both(prepend("app/routes.py", "import app.services.cache\n")), "app/routes.py"),
    "relative import": (prepend("app/routes.py", "from .services.cache import cache_get as get  # noqa\n"), "app/routes.py"),
    "star import": (prepend("app/routes.py", "from app.services.cache import *  # noqa\n"), "app/routes.py"),
    "an import in a function": (append("app/routes.py", "\n\ndef lazy():\n    from app.services.cache import cache_get\n\n    return cache_get\n\n\nlazy()\n"), "app/routes.py"),
    "importlib": (append("app/routes.py", "\nimport importlib\n\nMODULE = importlib.import_module('app.services.cache')\n"), "app/routes.py"),
    "a module in services": (both(write("app/services/session.py", "from .cache import get_redis\n\nUSED = get_redis\n"), prepend("app/routes.py", "from app.services import session  # noqa\n")), "app/services/session.py"),
    "the package's __init__": (write("app/services/__init__.py", "from .cache import cache_get as cache_get\n"), "app/services/__init__.py"),
    "reads the setting": (both(prepend("app/routes.py", "from app.config import settings\n"), append("app/routes.py", "\nURL = settings.redis_url\n")), "app/routes.py"),
    "reads the setting by getattr": (both(prepend("app/routes.py", "from app.config import settings\n"), append("app/routes.py", "\nURL = getattr(settings, 'redis_url')\n")), "app/routes.py"),
    "a property of the settings": (replace("app/config.py", "\n\nsettings = ", "\n    @property\n    def cache_url(self) -> str:\n        return self.redis_url\n\n\nsettings = "), "app/config.py"),
    "a test": (both(write("tests/test_cache.py", "from app.services.cache import cache_get\n\n\ndef test():\n    assert cache_get\n")), "tests/test_cache.py"),
    "the main module": (both(replace("app/main.py", "import start_redis, stop_redis", "import cache_get, start_redis, stop_redis"), append("app/main.py", "\nUSED = cache_get\n")), "app/main.py"),
    "a package of it": (write("app/store/__init__.py", "from app.services.cache import cache_get\n\nUSED = cache_get\n"), "app/store/__init__.py"),
    "an environment variable elsewhere in compose": (replace("compose.yml", "  redis:\n    image", "  other:\n    image: other\n    depends_on: [redis]\n\n  redis:\n    image"), "compose.yml"),
}
for title, (step, file) in USES.items():
    lazily = title in ("a test", "a package of it", "importlib", "reads the setting by getattr")
    uses.add(title, ROUTES, edits=(Edit(title, step, names="" if "compose" in title else file if not lazily or title in ("a test", "a package of it") else ""),))
uses.add("metrics registry", ROUTES, add=("metrics",), edits=(
    Edit("a counter of the user's", both(prepend("app/routes.py", "from prometheus_client import Counter\n\nfrom app.services.metrics import REGISTRY\n\nORDERS = Counter('orders', 'Orders', registry=REGISTRY)\n")), names="app/routes.py"),
    Edit("a tracer of the user's", both(prepend("app/routes.py", "from app.services.tracing import get_tracer\n\ntracer = get_tracer('x')\n")), names="app/routes.py"),
))
uses.main("lifespan moved to another file", PLAIN, edits=(
    Edit("moved", both(
        write("app/life.py", "from contextlib import asynccontextmanager\n\nfrom app.services.cache import start_redis, stop_redis\n\n\n@asynccontextmanager\nasync def lifespan(app):\n    await start_redis()\n    yield\n    await stop_redis()\n"),
        write("app/main.py", "from fastapi import FastAPI\n\nfrom app.config import settings\nfrom app.life import lifespan\n\napp = FastAPI(debug=settings.debug, lifespan=lifespan)\n"),
    )),
))


def rename_package(folder: Path) -> None:
    (folder / "app/services").rename(folder / "app/infra")
    anywhere(r"\bapp\.services\b", "app.infra")(folder)


def rename_application(folder: Path) -> None:
    (folder / "app").rename(folder / "web")
    anywhere(r"\bapp\.(services|config|main)\b", r"web.\1")(folder)
    text = (folder / "compose.yml").read_text()
    (folder / "compose.yml").write_text(text.replace("app.main:app", "web.main:app"))


def move_settings(folder: Path) -> None:
    (folder / "app/core").mkdir()
    (folder / "app/core/__init__.py").write_text("")
    shutil.move(folder / "app/config.py", folder / "app/core/config.py")
    anywhere(r"\bapp\.config\b", "app.core.config")(folder)


uses.add("services renamed", ROUTES, add=("redis", "metrics"), edits=(Edit("renamed", rename_package),))
uses.add("settings moved", ROUTES, edits=(Edit("moved", move_settings),))
uses.add("main moved", edits=(Edit("moved", both(lambda folder: (folder / "app/main.py").rename(folder / "app/server.py") and None, write("app/main.py", "from app.server import app as app\n"))),))  # type: ignore[func-returns-value]
uses.add("compose: image changed", edits=(
    Edit("another tag", replace("compose.yml", "redis:7-alpine", "redis:8-alpine")),
    Edit("another command", replace("compose.yml", "    image: redis:7-alpine\n", "    image: redis:7-alpine\n    command: redis-server --save ''\n")),
    Edit("another service waits", replace("compose.yml", "volumes:\n  redis_data:", "  job:\n    image: job\n    depends_on: [redis]\n\nvolumes:\n  redis_data:")),
    Edit("another service mounts its volume", replace("compose.yml", "volumes:\n  redis_data:", "  backup:\n    image: backup\n    volumes: [redis_data:/data]\n\nvolumes:\n  redis_data:")),
    Edit("another service has its URL", replace("compose.yml", "volumes:\n  redis_data:", "  job:\n    image: job\n    environment:\n      REDIS_URL: redis://redis:6379/0\n\nvolumes:\n  redis_data:")),
    Edit("prettier", replace("compose.yml", '"127.0.0.1:6379:6379"', "'127.0.0.1:6379:6379'")),
))

# What `check` must see: judged by running it

SEEN = {
    "yield deleted": anywhere(r"^    yield\n", ""),
    "import of Field deleted": replace("app/config.py", r"^from pydantic import .*\n", "", regex=True),
    "Field taken out of the import": replace("app/config.py", r"^from pydantic import Field\b.*$", "from pydantic import SecretStr", regex=True),
    "import of asynccontextmanager deleted": anywhere(r"^from contextlib import asynccontextmanager\n", ""),
    "decorator deleted": anywhere(r"^@asynccontextmanager\n", ""),
    "settings renamed": both(replace("app/config.py", "settings = Settings", "config = Settings"), replace("app/main.py", "import settings", "import config as settings")),
    "settings replaced by a getter": both(replace("app/config.py", "settings = Settings()", "def get_settings():\n    return Settings()"), replace("app/main.py", "import settings", "import get_settings"), replace("app/main.py", "settings.debug", "get_settings().debug", count=9)),
    "settings under the main guard": both(replace("app/config.py", "settings = Settings()", "if __name__ == '__main__':\n    settings = Settings()"), replace("app/main.py", "import settings", "import Settings"), replace("app/main.py", "settings.debug", "Settings().debug", count=9)),
    "setting renamed in the class": replace("app/config.py", "redis_url:", "cache_url:"),
    "setting renamed in the module": anywhere(r"settings\.redis_url", "settings.cache_url"),
    "setting commented out": replace("app/config.py", "    redis_url", "    # redis_url"),
    "setting's type": both(replace("app/config.py", "import Field", "import Field, RedisDsn"), replace("app/config.py", 'redis_url: str = "redis://localhost:6379/0"', 'redis_url: RedisDsn = RedisDsn("redis://localhost:6379/0")')),
    "setting's secret": both(replace("app/config.py", "import Field", "import Field, SecretStr"), replace("app/config.py", 'redis_url: str = "redis://localhost:6379/0"', 'redis_url: SecretStr = SecretStr("redis://localhost:6379/0")')),
    "start deleted": replace("app/main.py", "    await start_redis()\n", ""),
    "stop deleted": replace("app/main.py", "    await stop_redis()\n", ""),
    "start twice": replace("app/main.py", "    await start_redis()\n", "    await start_redis()\n    await start_redis()\n"),
    "start not awaited": replace("app/main.py", "    await start_redis()\n", "    start_redis()\n"),
    "start behind the yield": both(replace("app/main.py", "    await start_redis()\n", ""), replace("app/main.py", "    yield\n", "    yield\n    await start_redis()\n")),
    "import of start deleted": anywhere(r"^from app\.services\.cache import start_redis, stop_redis\n", ""),
    "import of another module": replace("app/main.py", "app.services.cache", "app.services.store"),
    "module deleted": delete("app/services/cache.py"),
    "module renamed": lambda folder: (folder / "app/services/cache.py").rename(folder / "app/services/store.py") and None,  # type: ignore[func-returns-value]
    "function renamed in the module": replace("app/services/cache.py", "def start_redis", "def begin_redis"),
    "module's import deleted": replace("app/services/cache.py", r"^from redis\.asyncio import .*\n", "", regex=True),
    "module's settings import deleted": replace("app/services/cache.py", r"^from app\.config import .*\n", "", regex=True),
    "module's settings import of another name": replace("app/services/cache.py", "from app.config import settings", "from app.conf import settings"),
    "module with a syntax error": append("app/services/cache.py", "\ndef (:\n"),
    "main with a syntax error": append("app/main.py", "\ndef (:\n"),
    "lifespan not given": replace("app/main.py", r", lifespan=lifespan\)", ")", regex=True),
    "lifespan=None": replace("app/main.py", "lifespan=lifespan)", "lifespan=None)"),
    "lifespan_context set": append("app/main.py", "\n\n@asynccontextmanager\nasync def other(app):\n    yield\n\n\napp.router.lifespan_context = other\n"),
    "application made anew": append("app/main.py", "\napp = FastAPI()\n"),
    "early return above the start": replace("app/main.py", "    await start_redis()\n", "    if app.debug is False:\n        yield\n        return\n    await start_redis()\n"),
    "raise above the start": replace("app/main.py", "    await start_redis()\n", "    raise SystemExit\n    await start_redis()\n"),
    "a name that shadows": replace("app/main.py", "async def lifespan(app: FastAPI)", "async def lifespan(app: FastAPI, start_redis=None)"),
    "a second yield": replace("app/main.py", "    yield\n", "    yield\n    yield\n"),
    "redis.py above": write("redis.py", "WORD = 1\n"),
    "lifespan not async": replace("app/main.py", "async def lifespan", "def lifespan"),
    "start not async in the module": replace("app/services/cache.py", "async def start_redis", "def start_redis"),
    "contextmanager for asynccontextmanager": replace("app/main.py", "asynccontextmanager", "contextmanager", count=0, regex=True),
    "start defined again": replace("app/main.py", "\n\napp = ", "\n\nasync def start_redis():\n    pass\n\n\napp = "),
    "start deleted below its import": replace("app/main.py", "\n\napp = ", "\n\ndel start_redis\napp = "),
    "settings = None": append("app/config.py", "settings = None\n"),
    "del settings": append("app/config.py", "del settings\n"),
    "start below if False": replace("app/main.py", "    await start_redis()\n", "    if False:\n        await start_redis()\n"),
    "start in a function that nobody calls": replace("app/main.py", "    await start_redis()\n", "    async def go():\n        await start_redis()\n\n"),
    "application made by a function below": append("app/main.py", "\n\ndef make():\n    return FastAPI()\n\n\napp = make()\n"),
    "router of the application replaced": append("app/main.py", "\n\nfrom fastapi import APIRouter\n\napp.router = APIRouter()\n"),
    "start named and not called": replace("app/main.py", "await start_redis()", "start_redis"),
}
# The user's own lifespan and one that is created
for title, step in SEEN.items():
    blind.main(title, PLAIN, edits=(Edit(title, step),))  # type: ignore[arg-type]
blind.add("created lifespan", edits=(
    Edit("yield deleted", SEEN["yield deleted"]), Edit("decorator deleted", SEEN["decorator deleted"]),
    Edit("import of AsyncIterator deleted", anywhere(r"^from collections\.abc import AsyncIterator\n", "")),
    Edit("import of asynccontextmanager deleted", SEEN["import of asynccontextmanager deleted"]), Edit("lifespan not given", SEEN["lifespan not given"]),
))
METRIC_EDITS = {
    "router deleted": replace("app/main.py", "app.include_router(metrics_router)\n", ""),
    "middleware deleted": replace("app/main.py", "app.add_middleware(MetricsMiddleware)\n", ""),
    "import of the router deleted": replace("app/main.py", r"^from app\.services\.metrics import .*\n", "", regex=True),
    "a catch-all above": replace("app/main.py", "app.include_router(metrics_router)\n", "@app.get('/{path:path}')\ndef everything(path: str):\n    return path\n\n\napp.include_router(metrics_router)\n"),
    "metrics_enabled as a text": replace("app/config.py", "metrics_enabled: bool = True", 'metrics_enabled: str = "true"'),
    "module of the middleware deleted": delete("app/services/metrics.py"),
    "a route of the same path above": replace("app/main.py", "app.include_router(metrics_router)\n", "@app.get('/metrics')\ndef mine():\n    return 1\n\n\napp.include_router(metrics_router)\n"),
    "router bound again": replace("app/main.py", "app.include_router(metrics_router)", "from fastapi import APIRouter\n\nmetrics_router = APIRouter()\napp.include_router(metrics_router)"),
}
for title, step in METRIC_EDITS.items():
    blind.main(f"metrics: {title}", PLAIN, add=("metrics",), edits=(Edit(title, step),))
blind.add("arq: what redis lacks", add=("arq",), edits=(Edit("start of redis deleted", anywhere(r"^    await start_redis\(\)\n", "")), Edit("redis_url renamed", SEEN["setting renamed in the class"]), Edit("cache.py deleted", SEEN["module deleted"])))


# Folders

def empty_folder(folder: Path) -> None:
    (folder / "app/services").mkdir(parents=True)


trees.add("an empty services folder", prepare=empty_folder)
trees.add("an empty services folder, metrics", prepare=empty_folder, add=("redis", "metrics", "arq"))
trees.add("services with a text", {"app/services/README": "mine\n"})
trees.add("services with an empty __init__", {"app/services/__init__.py": ""})
trees.add("services with a comment", {"app/services/__init__.py": "# mine\n"})
trees.add("no final newline", {"app/main.py": MAIN.rstrip("\n"), "compose.yml": BASE["compose.yml"].rstrip("\n"), ".env.example": "DEBUG=false"}, add=("redis", "metrics"))
trees.add("CRLF", {path: text.replace("\n", "\r\n") for path, text in BASE.items()}, add=("redis", "metrics"))
trees.add("cache.py of the user's", {"app/services/cache.py": "def mine():\n    return 7\n", "app/services/__init__.py": ""}, refusal="any")
trees.add("tabs", {"app/main.py": PLAIN.replace("    ", "\t")})
trees.add("gitignore", {".gitignore": "*.pyc\n", ".dockerignore": ".git\n"}, add=("storage",))
