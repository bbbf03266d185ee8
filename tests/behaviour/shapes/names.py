"""Names of ours that the project has for something else, and settings that it has in another form."""

from shape import CONFIG, PYPROJECT, Collection

names = Collection("names")
parts = Collection("settings in parts")

MIDDLEWARE = """\
class MetricsMiddleware:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        print("theirs", scope["type"])
        await self.app(scope, receive, send)
"""
names.main("a middleware of that name", f"from fastapi import FastAPI\n\n\n{MIDDLEWARE}\n\napp = FastAPI()\napp.add_middleware(MetricsMiddleware)\n", add=("metrics",))
names.main("a middleware of that name from elsewhere", "from fastapi import FastAPI\n\nfrom app.own import MetricsMiddleware\n\napp = FastAPI()\napp.add_middleware(MetricsMiddleware)\n", {"app/own.py": MIDDLEWARE}, add=("metrics",))
names.main("a manager", 'from fastapi import FastAPI\n\nmanager = {"a": 1}\napp = FastAPI()\n\n\n@app.get("/")\ndef index():\n    return manager\n', add=("websocket",))
names.main("a lifespan that is a number", "from fastapi import FastAPI\n\nlifespan = 3\napp = FastAPI(debug=lifespan > 3)\n")
names.main("a start of that name", """
    from contextlib import asynccontextmanager

    from fastapi import FastAPI


    async def start_redis():
        print("their start")


    async def stop_redis():
        print("their stop")


    @asynccontextmanager
    async def lifespan(app):
        await start_redis()
        yield
        await stop_redis()


    app = FastAPI(lifespan=lifespan)
""")
names.main("handlers of that name", """
    from fastapi import FastAPI

    app = FastAPI()


    @app.on_event("startup")
    async def start_redis():
        print("their start")


    @app.on_event("shutdown")
    async def stop_redis():
        print("their stop")
""")
names.main("an import of ours by another name", "from fastapi import FastAPI\n\ncache_start_redis = 1\nstart_redis = 2\napp = FastAPI()\n")
names.main("a router of that name", """
    from fastapi import APIRouter, FastAPI

    metrics_router = APIRouter(prefix="/own")


    @metrics_router.get("/")
    def own():
        return 1


    app = FastAPI()
    app.include_router(metrics_router)
""", add=("metrics",))

FIELDS = "    debug: bool = False\n"
HOST = '    redis_host: str = "localhost"\n    redis_port: int = 6379\n'


def config(fields: str, head: str = "") -> dict[str, str]:
    return {"app/config.py": head + CONFIG.replace(FIELDS, FIELDS + fields)}


parts.add("host and port", config(HOST), add=("redis", "arq"))
parts.add("host alone", config('    redis_host: str = "localhost"\n'))
parts.add("upper case", {"app/config.py": CONFIG.replace("debug", "DEBUG").replace("    DEBUG: bool = False\n", '    DEBUG: bool = False\n    REDIS_HOST: str = "localhost"\n    REDIS_PORT: int = 6379\n    REDIS_DB: int = 0\n'), "app/main.py": "from fastapi import FastAPI\n\nfrom app.config import settings\n\napp = FastAPI(debug=settings.DEBUG)\n"})
parts.add("a password", config(HOST + '    redis_password: str = ""\n'))
parts.add("a password that is a secret", config(HOST + "    redis_password: SecretStr | None = None\n", "from pydantic import SecretStr\n"))
parts.add("a user and a password", config(HOST + "    redis_username: str | None = None\n    redis_password: str | None = None\n"))
parts.add("a property that is there", config(HOST + '\n    @property\n    def redis_url(self) -> str:\n        return f"redis://{self.redis_host}:{self.redis_port}/0"\n'))
parts.add("in compose already", {**config(HOST), "compose.yml": "services:\n  app:\n    build: .\n    command: uvicorn app.main:app\n    environment:\n      REDIS_HOST: cache\n    depends_on: [cache]\n  cache:\n    image: redis:7\n"})
parts.add("a server with a password in compose", {**config(HOST), "compose.yml": "services:\n  app:\n    build: .\n    command: uvicorn app.main:app\n  cache:\n    image: redis:7\n    command: redis-server --requirepass secret\n"}, refusal="any")
parts.add("a URL that is a RedisDsn", config("    redis_url: RedisDsn = RedisDsn(\"redis://localhost:6379/0\")\n", "from pydantic import RedisDsn\n"))
parts.add("a URL that may be none", config("    redis_url: str | None = None\n"))

modules = Collection("modules by another name")
OWN = {"app/services/__init__.py": "", "app/services/cache.py": "X = 1\n", "app/services/tasks.py": "Y = 1\n", "app/services/metrics.py": "Z = 1\n"}
modules.add("refused without a name", OWN, refusal=("PX403",))
modules.add("by options", OWN, add=("redis", "arq", "metrics"), options=("--module", "cache=redis_cache", "--module", "tasks=arq_tasks", "--module", "metrics=metrics_service"))
modules.add("by the configuration", {**OWN, "pyproject.toml": PYPROJECT + '\n[tool.paxx]\nmodules = "cache=redis_cache"\n'})

# Texts where ours is a list of texts

parts.add("a literal with more", config('    storage_backend: Literal["auto", "local", "s3", "minio"] = "local"\n', "from typing import Literal\n\n"), add=("storage",))
parts.add("a literal whose default is none of ours", config('    storage_backend: Literal["auto", "local", "s3"] = "auto"\n', "from typing import Literal\n\n"), add=("storage",), refusal="any")
parts.add("a text for a literal", config('    storage_backend: str = "local"\n'), add=("storage",))

# Metrics that are there

metrics = Collection("metrics that are there")
THEIRS = {
    "a route": '\n\n@app.get("/metrics")\ndef theirs():\n    return "mine"\n',
    "a mount": '\nimport prometheus_client  # noqa: E402\n\napp.mount("/metrics", prometheus_client.make_asgi_app(prometheus_client.CollectorRegistry()))\n',
}
PLAIN = "from fastapi import FastAPI\n\nfrom app.config import settings\n\napp = FastAPI(debug=settings.debug)\n"
for title, text in THEIRS.items():
    metrics.main(f"{title}, with all", PLAIN + text, add=("metrics",), refusal=("PX507",))
    metrics.main(f"{title}, with tracing alone", PLAIN + text, add=("metrics",), options=("--set", "metrics.parts=tracing"), metrics_path="/theirs", metrics_served=False, requests=("/", "/metrics"))
metrics.main("none, and metrics alone", PLAIN, add=("metrics",), options=("--set", "metrics.parts=metrics"))

# A package of services with a mind of its own

names.add("services has an object of that name", {"app/services/__init__.py": "cache = {'x': 7}\n"}, refusal=("PX403",))
names.add("services imports an object of that name", {"app/services/__init__.py": "from app.own import cache\n", "app/own.py": "cache = {'x': 7}\n"}, refusal=("PX403",))
names.add("a folder of that name without __init__", {"app/services/__init__.py": "", "app/services/cache/texts.py": "X = 5\n"}, refusal=("PX403",))
names.add("services imports what is beside it", {"app/services/__init__.py": "import importlib\nimport pkgutil\n\nSETUPS = [importlib.import_module(f'{__name__}.{info.name}').setup for info in pkgutil.iter_modules(__path__)]\n", "app/services/users.py": "def setup():\n    return 1\n"}, refusal=("PX403",))
names.add("a script in services that is run as a file", {"app/services/__init__.py": "", "app/services/consumer.py": "import urllib.request\n", "compose.yml": "services:\n  app:\n    build: .\n    command: uvicorn app.main:app\n  consumer:\n    build: .\n    command: python app/services/consumer.py\n"}, add=("email",), refusal=("PX403",))
