"""What surrounds the application: imports, the Python that runs it, dependencies, settings, routes."""

from collections.abc import Iterator
from pathlib import Path

from shape import BASE, CONFIG, FLAT, MAIN, Collection

imports = Collection("imports")
python = Collection("python")
dependencies = Collection("dependencies")
settings = Collection("settings")
routes = Collection("routes")

PLAIN = "from fastapi import FastAPI\n\nfrom app.config import settings\n\napp = FastAPI(debug=settings.debug)\n"

# Modules with the names of others

for name in ("logging", "types", "email", "json", "queue", "calendar", "platform", "secrets", "token", "cache", "redis"):
    imports.main(
        f"relative imports beside {name}.py",
        f"import {'logging' if name in ('cache', 'redis') else name}\n\nfrom fastapi import FastAPI\n\nfrom .api import router\nfrom .config import settings\n\napp = FastAPI(debug=settings.debug)\napp.include_router(router)\n",
        {f"app/{name}.py": "WORD = 'mine'\n", "app/api.py": "from fastapi import APIRouter\n\nrouter = APIRouter()\n\n\n@router.get('/')\ndef index():\n    return 'hello'\n"},
        fresh=True,
    )
imports.main("absolute imports beside logging.py", "import logging\n\nfrom fastapi import FastAPI\n\nfrom app.api import router\n\nlogging.getLogger(__name__)\napp = FastAPI()\napp.include_router(router)\n", {"app/logging.py": "", "app/api.py": "from fastapi import APIRouter\n\nrouter = APIRouter()\n"}, fresh=True)
imports.main("a package logging beside it", "import logging\n\nfrom fastapi import FastAPI\n\nfrom .config import settings\n\nlogging.getLogger(__name__)\napp = FastAPI(debug=settings.debug)\n", {"app/logging/__init__.py": "", "app/logging/setup.py": "import logging\n"}, fresh=True)
imports.add("the settings beside types.py", {"app/core/__init__.py": "", "app/core/types.py": "WORD = 1\n", "app/core/settings.py": "import types\n\n" + CONFIG + "\n\nMODULE = types.ModuleType\n", "app/config.py": None, "app/main.py": MAIN.replace("app.config", "app.core.settings")}, fresh=True)
imports.add("flat, Dockerfile says app.main", {"Dockerfile": 'FROM python:3.12\nCOPY . /code\nWORKDIR /code\nCMD ["uvicorn", "app.main:app"]\n', "compose.yml": "services:\n  app:\n    build: .\n", "app/main.py": "import logging\n\nfrom fastapi import FastAPI\n\nfrom .config import settings\n\nlogging.getLogger(__name__)\napp = FastAPI(debug=settings.debug)\n", "app/logging.py": ""}, fresh=True)
imports.add("redis.py in a flat project", {"redis.py": "URL = 'mine'\n"}, base="flat", target="main:app", fresh=True, refusal="any")
imports.add("redis package in a flat project", {"redis/__init__.py": "", "redis/client.py": ""}, base="flat", target="main:app", fresh=True, refusal="any")
imports.add("prometheus_client.py in a flat project", {"prometheus_client.py": "URL = 'mine'\n"}, base="flat", target="main:app", fresh=True, refusal="any", add=("metrics",))
imports.add("arq.py in a flat project", {"arq.py": "URL = 'mine'\n"}, base="flat", target="main:app", fresh=True, refusal="any", add=("arq",))
imports.add("redis.py in src on the path", {"src/app/__init__.py": "", "src/app/config.py": CONFIG, "src/app/main.py": MAIN, "src/redis.py": "WORD = 1\n", "app/main.py": None, "app/config.py": None, "app/__init__.py": None, "compose.yml": None}, cwd="src", fresh=True, refusal="any")
imports.add("src layout", {"src/demo/__init__.py": "", "src/demo/config.py": CONFIG, "src/demo/main.py": MAIN.replace("app.config", "demo.config"), "app/main.py": None, "app/config.py": None, "app/__init__.py": None, "compose.yml": None}, target="demo.main:app", paths=("src",), add=("redis", "metrics", "arq"))
imports.add("run from the folder of the application", {"backend/main.py": FLAT["main.py"], "backend/config.py": FLAT["config.py"], "app/main.py": None, "app/config.py": None, "app/__init__.py": None, "compose.yml": "services:\n  app:\n    build: backend\n    command: uvicorn main:app\n"}, target="main:app", cwd="backend", refusal="any")

# Our import must not run the settings before their variables are there

ENV = {"dev.env": "DEBUG=1\nREDIS_URL=redis://dotenv:6390/7\nMETRICS_ENABLED=true\n"}


def connects_to_dotenv(judge) -> Iterator[str]:  # type: ignore[no-untyped-def]
    """The URL of the variables' file is the one that is connected to."""
    now = judge.observe([path for path in _new_modules(judge)], judge.shape.envs[0])
    if not any((one["host"], one["port"], one["db"]) == ("dotenv", 6390, 7) for one in now["connections"]):
        yield f"REDIS_URL of dev.env is not read: {now['connections']}"


def _new_modules(judge) -> list[str]:  # type: ignore[no-untyped-def]
    known = judge.shape.tree()
    return [str(path.relative_to(judge.top)) for path in Path(judge.top).rglob("*.py") if str(path.relative_to(judge.top)) not in known]


for title, text in {
    "load_dotenv above the settings": "from dotenv import load_dotenv\nfrom fastapi import FastAPI\n\nload_dotenv('dev.env')\n\nfrom app.config import settings  # noqa: E402\n\napp = FastAPI(debug=settings.debug)\n",
    "load_dotenv, settings in a function": "from dotenv import load_dotenv\nfrom fastapi import FastAPI\n\nload_dotenv('dev.env')\n\n\ndef create_app():\n    from app.config import settings\n\n    return FastAPI(debug=settings.debug)\n\n\napp = create_app()\n",
    "os.environ set": "import os\n\nfrom fastapi import FastAPI\n\nos.environ['DEBUG'] = '1'\nos.environ['REDIS_URL'] = 'redis://dotenv:6390/7'\n\nfrom app.config import settings  # noqa: E402\n\napp = FastAPI(debug=settings.debug)\n",
    "os.environ.setdefault": "import os\n\nfrom fastapi import FastAPI\n\nos.environ.setdefault('DEBUG', '1')\nos.environ.setdefault('REDIS_URL', 'redis://dotenv:6390/7')\n\nfrom app.config import settings  # noqa: E402\n\napp = FastAPI(debug=settings.debug)\n",
    "os.environ.update": "import os\n\nfrom fastapi import FastAPI\n\nos.environ.update(DEBUG='1', REDIS_URL='redis://dotenv:6390/7')\n\nfrom app.config import settings  # noqa: E402\n\napp = FastAPI(debug=settings.debug)\n",
    "load_dotenv of the module": "import dotenv\nfrom fastapi import FastAPI\n\ndotenv.load_dotenv('dev.env')\n\nfrom app.config import settings  # noqa: E402\n\napp = FastAPI(debug=settings.debug)\n",
    "load_dotenv in an if": "import os\n\nfrom dotenv import load_dotenv\nfrom fastapi import FastAPI\n\nif not os.getenv('PROD'):\n    load_dotenv('dev.env')\n\nfrom app.config import settings  # noqa: E402\n\napp = FastAPI(debug=settings.debug)\n",
    "a function that loads": "from dotenv import load_dotenv\nfrom fastapi import FastAPI\n\n\ndef prepare():\n    load_dotenv('dev.env')\n\n\nprepare()\n\nfrom app.config import settings  # noqa: E402\n\napp = FastAPI(debug=settings.debug)\n",
    "load_dotenv below the application": "from dotenv import load_dotenv\nfrom fastapi import FastAPI\n\napp = FastAPI()\nload_dotenv('dev.env')\n\n\n@app.get('/debug')\ndef debug():\n    from app.config import settings\n\n    return settings.debug\n",
    "os.environ below the application, an import below both": "import os\n\nfrom fastapi import FastAPI\n\napp = FastAPI()\nos.environ['DEBUG'] = '1'\nos.environ['REDIS_URL'] = 'redis://dotenv:6390/7'\n\nfrom app.config import settings  # noqa: E402\n\napp.debug = settings.debug\n",
    "a call between the application and the imports": "import os\n\nfrom fastapi import FastAPI\n\n\ndef prepare(application):\n    os.environ['DEBUG'] = '1'\n    os.environ['REDIS_URL'] = 'redis://dotenv:6390/7'\n\n\napp = FastAPI()\nprepare(app)\n\nfrom app.config import settings  # noqa: E402\n\napp.debug = settings.debug\n",
    "a module that loads, imported first": "from app import bootstrap  # noqa: F401, I001\nfrom fastapi import FastAPI\n\nfrom app.config import settings\n\napp = FastAPI(debug=settings.debug)\n",
    "os.putenv by a loop": "import os\n\nfrom fastapi import FastAPI\n\nfor line in open('dev.env'):\n    name, _, value = line.strip().partition('=')\n    os.environ[name] = value\n\nfrom app.config import settings  # noqa: E402\n\napp = FastAPI(debug=settings.debug)\n",
    "os.chdir": "import os\n\nfrom fastapi import FastAPI\n\nos.chdir('etc')\n\nfrom app.config import settings  # noqa: E402\n\napp = FastAPI(debug=settings.debug)\n",
    "sys.path": "import sys\n\nfrom fastapi import FastAPI\n\nsys.path.insert(0, 'lib')\n\nfrom app.config import settings  # noqa: E402\n\napp = FastAPI(debug=settings.debug)\n",
}.items():
    files: dict[str, str | None] = {**ENV, "app/config.py": CONFIG.replace("    debug", "    redis_url: str = 'redis://localhost:6379/0'\n    debug"), ".env.example": None, "compose.yml": None}
    if "bootstrap" in text:
        files["app/bootstrap.py"] = "from dotenv import load_dotenv\n\nload_dotenv('dev.env')\n"
    if "chdir" in title:
        files["etc/.env"] = ENV["dev.env"]
        files["app/config.py"] = str(files["app/config.py"]).replace("    redis_url", "    model_config = {'env_file': '.env', 'extra': 'ignore'}\n    redis_url")
    if title == "sys.path":
        files["lib/values.py"] = "DEBUG = True\nREDIS_URL = 'redis://dotenv:6390/7'\n"
        files["app/config.py"] = str(files["app/config.py"]).replace("'redis://localhost:6379/0'", "values.REDIS_URL").replace("from pydantic", "import values\nfrom pydantic", 1).replace("= False", "= values.DEBUG")
    imports.main(title, text, files, judge=connects_to_dotenv, fresh=title == "sys.path", add=("redis", "metrics"))
imports.main("load_dotenv and no settings", "import os\n\nfrom dotenv import load_dotenv\nfrom fastapi import FastAPI\n\nload_dotenv('dev.env')\n\napp = FastAPI(debug=bool(os.environ['DEBUG']))\n", {"app/config.py": None, **ENV, ".env.example": None, "compose.yml": None}, judge=connects_to_dotenv)
imports.main("environ below the imports, settings lazily", "import os\n\nfrom fastapi import FastAPI\n\nos.environ['DEBUG'] = '1'\nos.environ['REDIS_URL'] = 'redis://dotenv:6390/7'\n\napp = FastAPI()\n\n\n@app.get('/')\ndef index():\n    from app.config import settings\n\n    return settings.debug\n", {".env.example": None, "compose.yml": None}, judge=connects_to_dotenv)

# Circular imports

for title, text in {
    "services imports the application": "from app import main\n\nAPP = main\n",
    "services imports a name of the application": "from app.main import app\n\nAPP = app\n",
    "services imports the settings": "from app.config import settings\n\nDEBUG = settings.debug\n",
    "services imports a module that imports the application": "from app import jobs\n\nJOBS = jobs\n",
}.items():
    imports.add(title, {"app/services/__init__.py": text, "app/jobs.py": "from app.main import app\n\nAPP = app\n"}, refusal=None if "the settings" in title else "any", add=("redis", "metrics"))
imports.add("services of the user's, empty", {"app/services/__init__.py": "", "app/services/users.py": "def find():\n    return []\n"})
imports.add("services of the user's without __init__", {"app/services/users.py": "def find():\n    return []\n"})
imports.add("services.py of the user's", {"app/services.py": "def find():\n    return []\n"}, refusal="any")
imports.add("the package imports the application", {"app/__init__.py": "from app.main import app\n\n__all__ = ['app']\n"}, refusal="any", add=("redis", "metrics"))
imports.add("the settings import the application's package", {"app/__init__.py": "__version__ = '1'\n", "app/config.py": "from app import __version__\n" + CONFIG.replace("debug: bool = False", "debug: bool = False\n    version: str = __version__")})
imports.add("three hundred modules, then one that imports the settings", {**{f"app/many/m{n:03}.py": f"VALUE = {n}\n" for n in range(300)}, "app/many/__init__.py": "", "app/zz.py": "from app.config import settings\n\nDEBUG = settings.debug\n", "app/main.py": "from fastapi import FastAPI\n\nfrom app import zz\n\napp = FastAPI(debug=zz.DEBUG)\n"})
imports.add("three hundred modules that import the settings", {**{f"app/many/m{n:03}.py": "from app.config import settings\n\nDEBUG = settings.debug\n" for n in range(300)}, "app/many/__init__.py": ""})
imports.main("star import", "from fastapi import FastAPI\n\nfrom app.config import *\n\napp = FastAPI(debug=settings.debug)\n")
imports.main("future import and docstring", '"""Doc."""\nfrom __future__ import annotations\n\nfrom fastapi import FastAPI\n\nfrom app.config import settings\n\napp = FastAPI(debug=settings.debug)\n')
imports.main("imports in try", "try:\n    from fastapi import FastAPI\nexcept ImportError:\n    raise\nfrom app.config import settings\n\napp = FastAPI(debug=settings.debug)\n")
imports.main("imports below the code", "from fastapi import FastAPI\n\napp = FastAPI()\n\nfrom app.config import settings  # noqa: E402\n\nDEBUG = settings.debug\n")
imports.main("type parameters with defaults", PLAIN + "\n\nclass A[T]:\n    pass\n", refusal=None)

# The Python that runs it

OLD_MAIN = "from fastapi import FastAPI\n\nfrom app.config import settings\n\napp = FastAPI(debug=settings.debug)\n"
for version in ("3.8", "3.9"):
    for title, files in {
        "requires-python": {"pyproject.toml": BASE["pyproject.toml"].replace('version = "0"\n', f'version = "0"\nrequires-python = ">={version}"\n')},
        "requires-python ~=": {"pyproject.toml": BASE["pyproject.toml"].replace('version = "0"\n', f'version = "0"\nrequires-python = "~={version}"\n')},
        "requires-python ==": {"pyproject.toml": BASE["pyproject.toml"].replace('version = "0"\n', f'version = "0"\nrequires-python = "=={version}.*"\n')},
        "poetry": {"pyproject.toml": f'[tool.poetry]\nname = "demo"\nversion = "0"\n\n[tool.poetry.dependencies]\npython = "^{version}"\nfastapi = "*"\npydantic-settings = "*"\n'},
        "Dockerfile": {"Dockerfile": f'FROM python:{version}-slim\nCOPY . /app\nCMD ["uvicorn", "app.main:app"]\n'},
        "Dockerfile with stages": {"Dockerfile": f'FROM python:{version} AS build\nRUN pip install x\nFROM python:{version}-slim AS run\nCOPY --from=build /x /x\nCMD ["uvicorn", "app.main:app"]\n'},
        "Dockerfile by an argument": {"Dockerfile": f'ARG PYTHON={version}\nFROM python:${{PYTHON}}-slim\nCMD ["uvicorn", "app.main:app"]\n'},
        ".python-version": {".python-version": f"{version}.18\n"},
        "classifiers": {"pyproject.toml": BASE["pyproject.toml"].replace('version = "0"\n', f'version = "0"\nclassifiers = ["Programming Language :: Python :: {version}"]\n')},
        "runtime.txt": {"runtime.txt": f"python-{version}.18\n"},
    }.items():
        for component in ("redis", "metrics"):
            if component == "metrics" and title not in ("requires-python", "Dockerfile"):
                continue
            python.main(f"{version} {title} {component}", OLD_MAIN, files, add=(component,), python=version, refusal="any")
python.add("3.10 is enough", {"pyproject.toml": BASE["pyproject.toml"].replace('version = "0"\n', 'version = "0"\nrequires-python = ">=3.10"\n'), "Dockerfile": 'FROM python:3.10-slim\nCMD ["uvicorn", "app.main:app"]\n'})
python.add("3.12 in the Dockerfile", {"Dockerfile": 'FROM python:3.12-slim\nCMD ["uvicorn", "app.main:app"]\n'})
for bound in ("fastapi<0.93", "fastapi==0.90.0", "pydantic<2", "pydantic==1.10.12"):
    python.add(f"bound {bound}", {"pyproject.toml": BASE["pyproject.toml"].replace('    "fastapi",\n', '    "fastapi",\n' * (not bound.startswith("fastapi")) + f'    "{bound}",\n')}, refusal="any", needs=())
for old in ("fastapi-0.100", "fastapi-0.115"):
    python.add(f"{old}", {}, python=old, add=("redis", "metrics"))
    python.main(f"{old} handlers", "from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.on_event('startup')\nasync def up():\n    print('up')\n", python=old, add=("redis", "metrics"))
    python.main(f"{old} lifespan in if", "import os\nfrom contextlib import asynccontextmanager\n\nfrom fastapi import FastAPI\n\nif os.getenv('PROD'):\n\n    @asynccontextmanager\n    async def lifespan(app):\n        print('prod')\n        yield {'a': 1}\n\nelse:\n\n    @asynccontextmanager\n    async def lifespan(app):\n        print('dev')\n        yield {'b': 1}\n        print('end')\n\n\napp = FastAPI(lifespan=lifespan)\n", python=old, envs=({}, {"PROD": "1"}))
    python.main(f"{old} router's handlers", "from fastapi import APIRouter, FastAPI\n\nrouter = APIRouter()\n\n\n@router.on_event('startup')\nasync def up():\n    print('up')\n\n\napp = FastAPI()\napp.include_router(router)\n", python=old, ordered=False)
OLD_FASTAPI = {"app/config.py": "from pydantic import BaseSettings\n\n\nclass Settings(BaseSettings):\n    debug: bool = False\n\n\nsettings = Settings()\n", "pyproject.toml": '[project]\nname = "demo"\nversion = "0"\ndependencies = [\n    "fastapi==0.88.0",\n    "pydantic<2",\n]\n'}
for title, text in {
    "nothing": "",
    "a handler that is not async": "\n\n@app.on_event('startup')\ndef up():\n    print('up')\n",
    "a handler that a function registers": "\n\nasync def up():\n    print('up')\n\n\ndef register(application):\n    application.add_event_handler('startup', up)\n\n\nregister(app)\n",
    "handlers": "\n\n@app.on_event('startup')\nasync def up():\n    print('up')\n\n\n@app.on_event('shutdown')\nasync def down():\n    print('down')\n",
}.items():
    python.main(f"fastapi-0.88 {title}", "from fastapi import FastAPI\n\napp = FastAPI()\n" + text, OLD_FASTAPI, python="fastapi-0.88")
python.main("fastapi-0.93 composed", "from fastapi import FastAPI\n\napp = FastAPI()\n\n\nasync def up():\n    print('up')\n\n\napp.add_event_handler('startup', up)\n", {"app/config.py": "from pydantic import BaseSettings\n\n\nclass Settings(BaseSettings):\n    debug: bool = False\n\n\nsettings = Settings()\n", "pyproject.toml": '[project]\nname = "demo"\nversion = "0"\ndependencies = [\n    "fastapi==0.93.0",\n    "pydantic<2",\n]\n'}, python="fastapi-0.93", refusal="any")

# Dependencies

for marker in ('sys_platform == "win32"', 'python_version < "3.8"', 'platform_system == "Windows"', 'os_name == "nt"', 'sys_platform != "linux"', 'python_version < "3.10" and sys_platform == "darwin"', 'extra == "cache"', "implementation_name == 'pypy'"):
    dependencies.add(f"redis; {marker}", {"pyproject.toml": BASE["pyproject.toml"].replace('    "pydantic-settings",\n', f"    \"pydantic-settings\",\n    '''redis>=5.0.2; {marker}''',\n")}, refusal="any")
    dependencies.add(f"requirements redis; {marker}", {"pyproject.toml": None, "requirements.txt": f"fastapi\npydantic-settings\nredis>=5.0.2; {marker}\n"}, refusal="any")
for marker in ('sys_platform == "linux"', 'python_version >= "3.8"', 'platform_python_implementation == "CPython"', 'python_version >= "3.10" or sys_platform == "win32"'):
    dependencies.add(f"redis; {marker}", {"pyproject.toml": BASE["pyproject.toml"].replace('    "pydantic-settings",\n', f"    \"pydantic-settings\",\n    '''redis[hiredis]>=5.0.2; {marker}''',\n")}, refusal="any")
dependencies.add("two lines by platform", {"pyproject.toml": None, "requirements.txt": 'fastapi\npydantic-settings\nredis>=5.0.2; sys_platform == "win32"\nredis>=5.0.2; sys_platform != "win32"\n'}, refusal="any")
dependencies.add("poetry markers", {"pyproject.toml": '[tool.poetry]\nname = "demo"\nversion = "0"\n\n[tool.poetry.dependencies]\npython = "^3.11"\nfastapi = "*"\npydantic-settings = "*"\nredis = { version = ">=5.0.2", markers = "sys_platform == \'win32\'" }\n'}, refusal="any")
dependencies.add("poetry optional", {"pyproject.toml": '[tool.poetry]\nname = "demo"\nversion = "0"\n\n[tool.poetry.dependencies]\npython = "^3.11"\nfastapi = "*"\npydantic-settings = "*"\nredis = { version = ">=5.0.2", optional = true }\n'}, refusal="any")
dependencies.add("in an extra alone", {"pyproject.toml": BASE["pyproject.toml"] + '\n[project.optional-dependencies]\ncache = ["redis>=5.0.2"]\n'}, refusal="any")
HASH = " --hash=sha256:" + "a" * 64
dependencies.add("hashes", {"pyproject.toml": None, "requirements.txt": f"fastapi==0.115.0{HASH}\npydantic-settings==2.6.0{HASH}\n"}, refusal="any")
dependencies.add("require-hashes in one that includes it", {"pyproject.toml": None, "requirements.txt": "fastapi==0.115.0\npydantic-settings==2.6.0\n", "requirements-prod.txt": "--require-hashes\n-r requirements.txt\n"}, refusal="any")
dependencies.add("hashes in one that includes it", {"pyproject.toml": None, "requirements.txt": "fastapi==0.115.0\npydantic-settings==2.6.0\n", "requirements-prod.txt": f"-r requirements.txt\ngunicorn==22.0.0{HASH}\n"}, refusal="any")
dependencies.add("require-hashes in a folder", {"pyproject.toml": None, "requirements.txt": "fastapi==0.115.0\npydantic-settings==2.6.0\n", "requirements/prod.txt": "--require-hashes\n-r ../requirements.txt\n"}, refusal="any", requirement_files=("requirements.txt", "requirements/prod.txt"))
dependencies.add("included with hashes", {"pyproject.toml": None, "requirements.txt": "-r base.txt\npydantic-settings\n", "base.txt": f"fastapi==0.115.0{HASH}\n"}, refusal="any")
dependencies.add("base file included", {"pyproject.toml": None, "requirements.txt": "-r requirements/base.txt\n", "requirements/base.txt": "fastapi\npydantic-settings\n"})
dependencies.add("redis by a URL", {"pyproject.toml": BASE["pyproject.toml"].replace('    "pydantic-settings",\n', '    "pydantic-settings",\n    "redis @ https://example.com/redis-5.2.0.tar.gz",\n')}, refusal="any")
dependencies.add("redis under another spelling", {"pyproject.toml": BASE["pyproject.toml"].replace('    "pydantic-settings",\n', '    "pydantic-settings",\n    "Redis[hiredis] >= 5.0.2",\n    "Prometheus_Client>=0.21",\n')}, add=("redis", "metrics"))
dependencies.add("a bound that excludes ours", {"pyproject.toml": BASE["pyproject.toml"].replace('    "pydantic-settings",\n', '    "pydantic-settings",\n    "redis<4",\n')}, refusal=("PX202",))
dependencies.add("redis 6 and arq", {"pyproject.toml": BASE["pyproject.toml"].replace('    "pydantic-settings",\n', '    "pydantic-settings",\n    "redis>=6",\n')}, refusal=("PX202",), add=("arq",))
dependencies.add("no dependency file", {"pyproject.toml": None}, needs=())
dependencies.add("dynamic", {"pyproject.toml": '[project]\nname = "demo"\nversion = "0"\ndynamic = ["dependencies"]\n\n[tool.setuptools.dynamic]\ndependencies = { file = ["deps.txt"] }\n', "deps.txt": "fastapi\npydantic-settings\n"}, requirement_files=())
dependencies.add("constraints", {"pyproject.toml": None, "requirements.txt": "-c constraints.txt\nfastapi\npydantic-settings\n", "constraints.txt": "redis==3.5.3\n"}, refusal="any")

# Settings

HEADS = "from pydantic import Field\nfrom pydantic_settings import BaseSettings, SettingsConfigDict\n\n"
for title, body in {
    "env_prefix": '\nclass Settings(BaseSettings):\n    model_config = SettingsConfigDict(env_prefix="MY_")\n    debug: bool = False\n\n\nsettings = Settings()\n',
    "env_prefix by a name": 'PREFIX = "MY_"\n\n\nclass Settings(BaseSettings):\n    model_config = SettingsConfigDict(env_prefix=PREFIX)\n    debug: bool = False\n\n\nsettings = Settings()\n',
    "env_prefix by an f-string": 'NAME = "MY"\n\n\nclass Settings(BaseSettings):\n    model_config = SettingsConfigDict(env_prefix=f"{NAME}_")\n    debug: bool = False\n\n\nsettings = Settings()\n',
    "env_prefix by a plain f-string": '\nclass Settings(BaseSettings):\n    model_config = SettingsConfigDict(env_prefix=f"MY_")\n    debug: bool = False\n\n\nsettings = Settings()\n',
    "env_prefix by two strings": '\nclass Settings(BaseSettings):\n    model_config = SettingsConfigDict(env_prefix="MY" "_")\n    debug: bool = False\n\n\nsettings = Settings()\n',
    "env_prefix by a sum": 'NAME = "MY"\n\n\nclass Settings(BaseSettings):\n    model_config = SettingsConfigDict(env_prefix=NAME + "_")\n    debug: bool = False\n\n\nsettings = Settings()\n',
    "env_prefix by upper": '\nclass Settings(BaseSettings):\n    model_config = SettingsConfigDict(env_prefix="my_".upper())\n    debug: bool = False\n\n\nsettings = Settings()\n',
    "a configuration by a name": 'base_config = SettingsConfigDict(env_prefix="MY_")\n\n\nclass Settings(BaseSettings):\n    model_config = base_config\n    debug: bool = False\n\n\nsettings = Settings()\n',
    "a configuration as a dict": '\nclass Settings(BaseSettings):\n    model_config = {"env_prefix": "MY_"}\n    debug: bool = False\n\n\nsettings = Settings()\n',
    "a configuration by dict()": '\nclass Settings(BaseSettings):\n    model_config = dict(env_prefix="MY_")\n    debug: bool = False\n\n\nsettings = Settings()\n',
    "a configuration unpacked": 'COMMON = {"env_prefix": "MY_"}\n\n\nclass Settings(BaseSettings):\n    model_config = SettingsConfigDict(**COMMON)\n    debug: bool = False\n\n\nsettings = Settings()\n',
    "env_prefix of a base": '\nclass Base(BaseSettings):\n    model_config = SettingsConfigDict(env_prefix="MY_")\n\n\nclass Settings(Base):\n    debug: bool = False\n\n\nsettings = Settings()\n',
    "env_prefix as a class argument": '\nclass Settings(BaseSettings, env_prefix="MY_"):\n    debug: bool = False\n\n\nsettings = Settings()\n',
    "class Config": '\nclass Settings(BaseSettings):\n    debug: bool = False\n\n    class Config:\n        env_prefix = "MY_"\n\n\nsettings = Settings()\n',
    "class Config of a base": '\nclass Common:\n    env_prefix = "MY_"\n\n\nclass Settings(BaseSettings):\n    debug: bool = False\n\n    class Config(Common):\n        pass\n\n\nsettings = Settings()\n',
    "_env_prefix at the call": '\nclass Settings(BaseSettings):\n    debug: bool = False\n\n\nsettings = Settings(_env_prefix="MY_")\n',
    "_env_prefix by a name at the call": 'PREFIX = "MY_"\n\n\nclass Settings(BaseSettings):\n    debug: bool = False\n\n\nsettings = Settings(_env_prefix=PREFIX)\n',
    "alias_generator": '\nclass Settings(BaseSettings):\n    model_config = SettingsConfigDict(alias_generator=lambda name: "MY_" + name.upper())\n    debug: bool = False\n\n\nsettings = Settings()\n',
    "alias_generator by a function": 'def alias(name: str) -> str:\n    return "MY_" + name.upper()\n\n\nclass Settings(BaseSettings):\n    model_config = SettingsConfigDict(alias_generator=alias, populate_by_name=True)\n    debug: bool = False\n\n\nsettings = Settings()\n',
    "validation_alias of the field": '\nclass Settings(BaseSettings):\n    debug: bool = False\n    redis_url: str = Field("redis://localhost:6379/0", validation_alias="CACHE_URL")\n\n\nsettings = Settings()\n',
    "alias of the field": '\nclass Settings(BaseSettings):\n    debug: bool = False\n    redis_url: str = Field(default="redis://localhost:6379/0", alias="CACHE_URL")\n\n\nsettings = Settings()\n',
    "alias choices": 'from pydantic import AliasChoices\n\n\nclass Settings(BaseSettings):\n    debug: bool = False\n    redis_url: str = Field("redis://localhost:6379/0", validation_alias=AliasChoices("CACHE_URL", "KV_URL"))\n\n\nsettings = Settings()\n',
    "alias by Annotated": 'from typing import Annotated\n\n\nclass Settings(BaseSettings):\n    debug: bool = False\n    redis_url: Annotated[str, Field(alias="CACHE_URL")] = "redis://localhost:6379/0"\n\n\nsettings = Settings()\n',
    "case sensitive": '\nclass Settings(BaseSettings):\n    model_config = SettingsConfigDict(case_sensitive=True)\n    DEBUG: bool = False\n\n\nsettings = Settings()\n',
    "case sensitive and lower case": '\nclass Settings(BaseSettings):\n    model_config = SettingsConfigDict(case_sensitive=True)\n    debug: bool = False\n\n\nsettings = Settings()\n',
    "upper case": '\nclass Settings(BaseSettings):\n    DEBUG: bool = False\n\n\nsettings = Settings()\n',
    "extra forbid": '\nclass Settings(BaseSettings):\n    model_config = SettingsConfigDict(extra="forbid")\n    debug: bool = False\n\n\nsettings = Settings()\n',
    "nested": 'from pydantic import BaseModel\n\n\nclass Database(BaseModel):\n    url: str = "sqlite://"\n\n\nclass Settings(BaseSettings):\n    model_config = SettingsConfigDict(env_nested_delimiter="__")\n    database: Database = Database()\n    debug: bool = False\n\n\nsettings = Settings()\n',
    "customised sources": '\nclass Settings(BaseSettings):\n    debug: bool = False\n\n    @classmethod\n    def settings_customise_sources(cls, settings_cls, init_settings, env_settings, dotenv_settings, file_secret_settings):\n        return (init_settings,)\n\n\nsettings = Settings()\n',
    "frozen": '\nclass Settings(BaseSettings):\n    model_config = SettingsConfigDict(frozen=True)\n    debug: bool = False\n\n\nsettings = Settings()\n',
    "a field without default below": '\nclass Settings(BaseSettings):\n    debug: bool = False\n    name: str = Field(default="x")\n\n    @property\n    def title(self) -> str:\n        return self.name\n\n\nsettings = Settings()\n',
}.items():
    text = HEADS.replace("import Field\n", "import Field  # noqa\n") + body
    main = MAIN if "DEBUG: bool" not in body else MAIN.replace("settings.debug", "settings.DEBUG")
    settings.config(title, text, {"app/main.py": main}, add=("redis", "metrics"), refusal="any" if any(word in title for word in ("upper", "function", "generator", "f-string", "unpacked", "choices", "customised", "sources", "a sum", "of the field", "Annotated", "class Config of")) and title != "upper case" else None)

ENVIRONMENTS = {"app/settings/__init__.py": None, "app/settings/base.py": "from pydantic_settings import BaseSettings\n\n\nclass Base(BaseSettings):\n    debug: bool = False\n"}
for title, chooser in {
    "if and else of imports": "import os\n\nif os.getenv('PROD'):\n    from .production import settings\nelse:\n    from .development import settings\n",
    "match of imports": "import os\n\nmatch os.getenv('PROD'):\n    case '1':\n        from .production import settings\n    case _:\n        from .development import settings\n",
    "try and except of imports": "import os\n\ntry:\n    os.environ['PROD']\n    from .production import settings\nexcept KeyError:\n    from .development import settings\n",
    "expression": "import os\n\nfrom .development import settings as development\nfrom .production import settings as production\n\nsettings = production if os.getenv('PROD') else development\n",
    "mapping": "import os\n\nfrom .development import Settings as Development\nfrom .production import Settings as Production\n\nsettings = {'1': Production}.get(os.getenv('PROD', ''), Development)()\n",
    "importlib": "import importlib\nimport os\n\nname = 'production' if os.getenv('PROD') else 'development'\nsettings = importlib.import_module(f'app.settings.{name}').settings\n",
}.items():
    for base in (True, False):
        head = "from app.settings.base import Base\n" if base else "from pydantic_settings import BaseSettings as Base\n"
        files = {"app/config.py": None, "app/settings/base.py": ENVIRONMENTS["app/settings/base.py"], "app/settings/__init__.py": chooser}
        for name, value in (("production", False), ("development", True)):
            files[f"app/settings/{name}.py"] = head + f"\n\nclass Settings(Base):\n    debug: bool = {value}\n\n\nsettings = Settings()\n"
        settings.main(f"by environment: {title}{'' if base else ', no common base'}", PLAIN.replace("app.config", "app.settings"), files, envs=({}, {"PROD": "1"}), refusal="any")
settings.config("by environment: classes in if", "import os\n\nfrom pydantic_settings import BaseSettings\n\nif os.getenv('PROD'):\n\n    class Settings(BaseSettings):\n        debug: bool = False\n\nelse:\n\n    class Settings(BaseSettings):\n        debug: bool = True\n\n\nsettings = Settings()\n", envs=({}, {"PROD": "1"}), refusal="any")
settings.config("by environment: a function", "import os\n\nfrom pydantic_settings import BaseSettings\n\n\nclass Development(BaseSettings):\n    debug: bool = True\n\n\nclass Production(BaseSettings):\n    debug: bool = False\n\n\ndef get_settings():\n    if os.getenv('PROD'):\n        return Production()\n    return Development()\n\n\nsettings = get_settings()\n", envs=({}, {"PROD": "1"}), refusal="any")

CLASS = "from functools import lru_cache\n\nfrom pydantic_settings import BaseSettings\n\n\nclass Settings(BaseSettings):\n    debug: bool = False\n\n\n"
for title, (tail, main) in {
    "two instances": ("test_settings = Settings(_env_file='.env.test')\nsettings = Settings(_env_file='.env')\n", PLAIN),
    "two instances, the other first": ("settings = Settings()\ntest_settings = Settings(debug=True)\n", PLAIN),
    "three instances": ("a = Settings()\nb = Settings(debug=True)\nc = Settings()\n", PLAIN.replace("import settings", "import b as settings")),
    "a getter": ("@lru_cache\ndef get_settings() -> Settings:\n    return Settings()\n", PLAIN.replace("import settings", "import get_settings").replace("settings.debug", "get_settings().debug")),
    "a getter with arguments": ("def get_settings(env: str) -> Settings:\n    return Settings(debug=env == 'dev')\n", PLAIN.replace("import settings", "import get_settings").replace("settings.debug", "get_settings('dev').debug")),
    "a function that makes one for itself": ("def show() -> None:\n    settings = Settings()\n    print(settings.debug)\n", PLAIN.replace("import settings", "import Settings").replace("settings.debug", "Settings().debug")),
    "a function that returns something of it": ("def database_url() -> str:\n    return str(Settings().debug)\n", PLAIN.replace("import settings", "import database_url").replace("settings.debug", "bool(database_url())")),
    "below the main guard": ("if __name__ == '__main__':\n    settings = Settings()\n    print(settings)\n", PLAIN.replace("import settings", "import Settings").replace("settings.debug", "Settings().debug")),
    "set to None first": ("settings: Settings | None = None\n\n\ndef init() -> None:\n    global settings\n    settings = Settings()\n", "from fastapi import FastAPI\n\nfrom app import config\n\nconfig.init()\napp = FastAPI(debug=config.settings.debug)\n"),
    "deleted": ("settings = Settings()\nDEBUG = settings.debug\ndel settings\n", PLAIN.replace("import settings", "import DEBUG").replace("settings.debug", "DEBUG")),
    "under TYPE_CHECKING": ("from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    settings: Settings\n", PLAIN.replace("import settings", "import Settings").replace("settings.debug", "Settings().debug")),
    "in try": ("try:\n    settings = Settings()\nexcept ValueError:\n    raise SystemExit(1)\n", PLAIN),
    "in the application's state": ("", "from fastapi import FastAPI\n\nfrom app.config import Settings\n\napp = FastAPI()\napp.state.settings = Settings()\n"),
    "in a container": ("class Container:\n    settings = Settings()\n\n\ncontainer = Container()\n", PLAIN.replace("import settings", "import container").replace("settings.debug", "container.settings.debug")),
    "made in the application's module": ("", "from fastapi import FastAPI\n\nfrom app.config import Settings\n\nsettings = Settings(debug=True)\napp = FastAPI(debug=settings.debug)\n"),
    "rebound": ("settings = Settings()\nsettings = settings.model_copy(update={'debug': True})\n", PLAIN),
    "an alias": ("_settings = Settings()\nconfig = _settings\n", PLAIN.replace("import settings", "import config as settings")),
    "walrus": ("if (settings := Settings()).debug:\n    print('debug')\n", PLAIN),
    "lazy proxy": ("class Lazy:\n    def __getattr__(self, name):\n        return getattr(Settings(), name)\n\n\nsettings = Lazy()\n", PLAIN),
    "a getter as a dependency": ("@lru_cache()\ndef get_settings():\n    return Settings()\n", "from typing import Annotated\n\nfrom fastapi import Depends, FastAPI\n\nfrom app.config import Settings, get_settings\n\napp = FastAPI()\n\n\n@app.get('/')\ndef index(settings: Annotated[Settings, Depends(get_settings)]):\n    return settings.debug\n"),
    "a getter that is a coroutine": ("async def get_settings() -> Settings:\n    return Settings()\n", "from fastapi import Depends, FastAPI\n\nfrom app.config import get_settings\n\napp = FastAPI()\n\n\n@app.get('/')\ndef index(settings=Depends(get_settings)):\n    return settings.debug\n"),
    "a getter that yields": ("def get_settings():\n    yield Settings()\n", "from fastapi import Depends, FastAPI\n\nfrom app.config import get_settings\n\napp = FastAPI()\n\n\n@app.get('/')\ndef index(settings=Depends(get_settings)):\n    return settings.debug\n"),
}.items():
    settings.add(f"instance: {title}", {"app/config.py": CLASS + tail, "app/main.py": main}, refusal="any" if title in ("a getter with arguments", "in a container", "lazy proxy", "set to None first", "in the application's state", "deleted", "a getter that is a coroutine", "a getter that yields", "rebound", "walrus", "three instances", "under TYPE_CHECKING", "made in the application's module", "in try", "below the main guard", "a function that makes one for itself", "a function that returns something of it") else None, add=("redis", "metrics"))
for title, field in {
    "RedisDsn": "redis_url: RedisDsn = RedisDsn('redis://localhost:6379/0')",
    "SecretStr": "redis_url: SecretStr = SecretStr('redis://localhost:6379/0')",
    "optional": "redis_url: str | None = None",
    "a property": "@property\n    def redis_url(self) -> str:\n        return 'redis://localhost:6379/0'",
    "a method": "def redis_url(self) -> str:\n        return 'redis://localhost:6379/0'",
    "a computed field": "@computed_field\n    @property\n    def redis_url(self) -> str:\n        return 'redis://localhost:6379/0'",
    "int": "redis_url: int = 7",
    "Any": "redis_url: Any = 'redis://localhost:6379/0'",
    "ClassVar": "redis_url: ClassVar[str] = 'redis://localhost:6379/0'",
    "str": "redis_url: str = 'redis://localhost:6379/3'",
}.items():
    settings.config(f"type: {title}", "from typing import Any, ClassVar\n\nfrom pydantic import RedisDsn, SecretStr, computed_field\nfrom pydantic_settings import BaseSettings\n\n\nclass Settings(BaseSettings):\n    debug: bool = False\n    " + field + "\n\n\nsettings = Settings()\n",
        # What is computed names its server itself, also in a container; what may be nothing is given
        {"compose.yml": None} if title in ("a property", "a computed field") else {}, refusal=None if title == "str" else "any",
        envs=({"REDIS_URL": "redis://localhost:6379/0"},) if title == "optional" else ({},))

# What is in `.env` already: a value that no field of ours takes keeps the application from starting.
READS_FILE = "from pydantic_settings import BaseSettings, SettingsConfigDict\n\n\nclass Settings(BaseSettings):\n    model_config = SettingsConfigDict(env_file='.env', extra='ignore')\n\n    debug: bool = False\n\n\nsettings = Settings()\n"
for title, text, refusal in (
    ("env file: an empty number", "DEBUG=1\nREDIS_MAX_CONNECTIONS=\n", ("PX110",)),
    ("env file: no bool", "export METRICS_ENABLED='maybe'\n", ("PX110",)),
    ("env file: no URL", "REDIS_URL=\n", ("PX110",)),
    ("env file: an empty text", "CACHE_KEY_PREFIX=\nMETRICS_TOKEN=\n", None),
    ("env file: good values", "REDIS_MAX_CONNECTIONS=7 # enough\nMETRICS_ENABLED=\"on\"\n", None),
    ("env file: what is commented out", "# REDIS_MAX_CONNECTIONS=\n", None),
    ("env file: the last one counts", "REDIS_MAX_CONNECTIONS=many\nREDIS_MAX_CONNECTIONS=7\n", None),
):
    settings.config(title, READS_FILE, {".env": text}, refusal=refusal, add=("redis", "metrics"))
settings.config("env file: what is empty is ignored", READS_FILE.replace("extra=", "env_ignore_empty=True, extra="), {".env": "REDIS_MAX_CONNECTIONS=\nREDIS_URL=\n"}, add=("redis",))
settings.config("env file: another case", READS_FILE.replace("extra=", "case_sensitive=True, extra="), {".env": "REDIS_MAX_CONNECTIONS=many\n"}, add=("redis",))
settings.config("env file: nobody reads it", READS_FILE.replace("env_file='.env', ", ""), {".env": "REDIS_MAX_CONNECTIONS=\n"}, add=("redis",))

VENDOR = """\
from pydantic_settings import BaseSettings


class VendorSettings(BaseSettings):
    vendor: str = "v"
"""


def vendor(folder: Path) -> None:
    """A dependency, beside the project as site-packages are."""
    package = folder.parent / "site-packages/vendorlib"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("from .settings import VendorSettings as VendorSettings\n")
    (package / "settings.py").write_text(VENDOR)


for title, head in {"a base of a dependency": "from vendorlib import VendorSettings", "a base of a dependency's module": "from vendorlib.settings import VendorSettings", "a base of a dependency, as an attribute": "import vendorlib\n\nVendorSettings = vendorlib.VendorSettings", "a base of a dependency, renamed": "from vendorlib import VendorSettings as Base\n\nVendorSettings = Base"}.items():
    settings.config(title, head + "\n\n\nclass Settings(VendorSettings):\n    debug: bool = False\n\n\nsettings = Settings()\n", {"pyproject.toml": BASE["pyproject.toml"].replace('    "fastapi",\n', '    "fastapi",\n    "vendorlib",\n')}, refusal="any", prepare=vendor, paths=("../site-packages",))

# Routes


CATCH_ALL = "from fastapi import APIRouter\n\nrouter = APIRouter()\n\n\n@router.get('/{path:path}')\ndef index(path: str):\n    return '<html>'\n"
for title, (main, files) in {
    "a catch-all router of another module": ("from fastapi import FastAPI\n\nfrom app.frontend import router\n\napp = FastAPI()\napp.include_router(router)\n", {"app/frontend.py": CATCH_ALL}),
    "a catch-all router by a module": ("from fastapi import FastAPI\n\nfrom app import frontend\n\napp = FastAPI()\napp.include_router(frontend.router)\n", {"app/frontend.py": CATCH_ALL}),
    "a catch-all router that a router includes": ("from fastapi import FastAPI\n\nfrom app.api import api\n\napp = FastAPI()\napp.include_router(api)\n", {"app/api.py": "from fastapi import APIRouter\n\nfrom app.frontend import router\n\napi = APIRouter()\napi.include_router(router)\n", "app/frontend.py": CATCH_ALL}),
    "a catch-all route": ("from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get('/{path:path}')\ndef index(path: str):\n    return '<html>'\n", {}),
    "a catch-all by api_route": ("from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.api_route('/{path:path}', methods=['GET', 'POST'])\ndef index(path: str):\n    return '<html>'\n", {}),
    "a catch-all by add_api_route": ("from fastapi import FastAPI\n\napp = FastAPI()\n\n\ndef index(path: str):\n    return '<html>'\n\n\napp.add_api_route('/{path:path}', index)\n", {}),
    "one parameter": ("from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get('/{page}')\ndef index(page: str):\n    return page\n", {}),
    "a mount in a helper": ("from fastapi import FastAPI\n\nfrom app.web import mount\n\napp = FastAPI()\nmount(app)\n", {"app/web.py": "from starlette.responses import PlainTextResponse\n\n\ndef mount(application):\n    application.mount('/', PlainTextResponse('<html>'))\n"}),
    "a mount": ("from fastapi import FastAPI\nfrom starlette.responses import PlainTextResponse\n\napp = FastAPI()\napp.mount('/', PlainTextResponse('<html>'))\n", {}),
    "a helper with a catch-all": ("from fastapi import FastAPI\n\nfrom app import web\n\napp = FastAPI()\nweb.register(app)\n", {"app/web.py": "def register(app):\n    @app.get('/{path:path}')\n    def index(path: str):\n        return '<html>'\n"}),
    "a loop of routers": ("from fastapi import FastAPI\n\nfrom app import frontend\n\napp = FastAPI()\nfor module in (frontend,):\n    app.include_router(module.router)\n", {"app/frontend.py": CATCH_ALL}),
    "a mount by routes": ("from fastapi import FastAPI\nfrom starlette.responses import PlainTextResponse\nfrom starlette.routing import Mount\n\napp = FastAPI(routes=[Mount('/', app=PlainTextResponse('<html>'))])\n", {}),
    "a mount appended": ("from fastapi import FastAPI\nfrom starlette.responses import PlainTextResponse\nfrom starlette.routing import Mount\n\napp = FastAPI()\napp.router.routes.append(Mount('/', app=PlainTextResponse('<html>')))\n", {}),
    "a catch-all in the factory": ("from fastapi import FastAPI\n\nfrom app.frontend import router\n\n\ndef create_app():\n    app = FastAPI()\n    app.include_router(router)\n    return app\n\n\napp = create_app()\n", {"app/frontend.py": CATCH_ALL}),
}.items():
    routes.main(title, main, files, add=("metrics",), requests=("/", "/some/page"), refusal="any")
TOKEN = "from fastapi import Depends, FastAPI, Header, HTTPException\n\n\ndef token(x_token: str = Header('')):\n    if x_token != 'secret':\n        raise HTTPException(401)\n\n\n"
for title, main in {
    "a global dependency": TOKEN + "app = FastAPI(dependencies=[Depends(token)])\n",
    "a global dependency by a name": TOKEN + "GUARDS = [Depends(token)]\napp = FastAPI(dependencies=GUARDS)\n",
    "a global dependency appended": TOKEN + "app = FastAPI()\napp.router.dependencies.append(Depends(token))\n",
}.items():
    routes.main(title, main, add=("metrics",), refusal="any", metrics_served=False, says=(r"(?i)/metrics.*(depend|token|guard)|(depend|token|guard).*/metrics|PX507",))
for title, main in {
    "/metrics is there": "from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get('/metrics')\ndef metrics():\n    return 'mine'\n",
    "/metrics of a router of another module": "from fastapi import FastAPI\n\nfrom app.mine import router\n\napp = FastAPI()\napp.include_router(router)\n",
    "/metrics by a prefix": "from fastapi import APIRouter, FastAPI\n\nrouter = APIRouter()\n\n\n@router.get('')\ndef mine():\n    return 'mine'\n\n\napp = FastAPI()\napp.include_router(router, prefix='/metrics')\n",
    "/metrics by a mount": "from fastapi import FastAPI\nfrom starlette.responses import PlainTextResponse\n\napp = FastAPI()\napp.mount('/metrics', PlainTextResponse('mine'))\n",
    "/metrics by a name": "from fastapi import FastAPI\n\nPATH = '/metrics'\napp = FastAPI()\n\n\n@app.get(PATH)\ndef metrics():\n    return 'mine'\n",
}.items():
    def stays(judge) -> Iterator[str]:  # type: ignore[no-untyped-def]
        now = judge.observe(_new_modules(judge))
        status, text = now["answers"].get("/metrics", [0, ""])
        if "mine" not in text:
            yield f"the user's /metrics answers {status} {text[:50]!r}"

    routes.main(title, main, {"app/mine.py": "from fastapi import APIRouter\n\nrouter = APIRouter(prefix='/metrics')\n\n\n@router.get('')\ndef mine():\n    return 'mine'\n"} if "app.mine" in main else None, add=("metrics",), refusal="any", metrics_served=False, judge=stays)
routes.main("a root path", "from fastapi import FastAPI\n\napp = FastAPI(root_path='/api')\n", add=("metrics",))
routes.main("a prefix of ours by a router of the user's", "from fastapi import APIRouter, FastAPI\n\nrouter = APIRouter(prefix='/api')\n\n\n@router.get('/x')\ndef x():\n    return 1\n\n\napp = FastAPI()\napp.include_router(router)\n", add=("metrics",))
routes.main("default_response_class", "from fastapi import FastAPI\nfrom fastapi.responses import HTMLResponse\n\napp = FastAPI(default_response_class=HTMLResponse)\n", add=("metrics",))
routes.main("redirect_slashes off", "from fastapi import FastAPI\n\napp = FastAPI(redirect_slashes=False)\n", add=("metrics",))
routes.main("a middleware that answers", "from fastapi import FastAPI\nfrom fastapi.responses import PlainTextResponse\n\napp = FastAPI()\n\n\n@app.middleware('http')\nasync def closed(request, call_next):\n    if request.url.path.startswith('/admin'):\n        return PlainTextResponse('no', 403)\n    return await call_next(request)\n", requests=("/admin", "/"), add=("metrics",))

# What a class says of all its fields, ours among them

ALL = 'from pydantic import field_validator\nfrom pydantic_settings import BaseSettings\n\n\nclass Settings(BaseSettings):\n    debug: bool = False\n\n    @field_validator("*")\n    @classmethod\n    def not_empty(cls, value):\n        if value == "":\n            raise ValueError("empty")\n        return value\n\n\nsettings = Settings()\n'
settings.config("a validator of all fields", ALL, refusal=("PX105",))
settings.config("a least length of all texts", 'from pydantic_settings import BaseSettings, SettingsConfigDict\n\n\nclass Settings(BaseSettings):\n    model_config = SettingsConfigDict(str_min_length=1)\n    debug: bool = False\n\n\nsettings = Settings()\n', refusal=("PX105",))
settings.config("a validator of all fields, no empty default of ours", ALL.replace("debug: bool", "cache_key_prefix: str = 'k:'\n    debug: bool"))
settings.config("pydantic.v1", 'from pydantic.v1 import BaseSettings\n\n\nclass Settings(BaseSettings):\n    debug: bool = False\n\n\nsettings = Settings()\n')
routes.main("ids by the first tag", 'from fastapi import FastAPI\n\n\ndef unique_id(route):\n    return f"{route.tags[0]}-{route.name}"\n\n\napp = FastAPI(generate_unique_id_function=unique_id)\n\n\n@app.get("/", tags=["x"])\ndef index():\n    return 1\n', add=("metrics",))
routes.main("another router", "from fastapi import APIRouter, FastAPI\n\napp = FastAPI()\nrouter = APIRouter()\n\n\n@router.get('/')\ndef index():\n    return 1\n\n\napp.router = router\n", add=("redis",), refusal=("PX504",))
routes.main("other routes", "from fastapi import FastAPI\nfrom starlette.responses import PlainTextResponse\nfrom starlette.routing import Route\n\napp = FastAPI()\napp.router.routes = [Route('/', lambda request: PlainTextResponse('x'))]\n", add=("metrics",), refusal=("PX509",))
settings.config("a validator of all fields in a base", ALL.replace("class Settings(BaseSettings)", "class Base(BaseSettings)").replace("settings = Settings()", "class Settings(Base):\n    name: str = 'demo'\n\n\nsettings = Settings()"), refusal=("PX105",))
settings.config("a least length in a comment alone", "from pydantic_settings import BaseSettings\n\n\nclass Settings(BaseSettings):\n    # no str_min_length here\n    debug: bool = False\n\n\nsettings = Settings()\n")
settings.config("a validator of the whole", 'from pydantic import model_validator\nfrom pydantic_settings import BaseSettings\n\n\nclass Settings(BaseSettings):\n    debug: bool = False\n\n    @model_validator(mode="after")\n    def all_set(self):\n        for name, value in self:\n            if value in (None, ""):\n                raise ValueError(name)\n        return self\n\n\nsettings = Settings()\n', refusal=("PX105",))
settings.config("a validator of two fields", 'from pydantic import model_validator\nfrom pydantic_settings import BaseSettings\n\n\nclass Settings(BaseSettings):\n    debug: bool = False\n    low: int = 1\n    high: int = 2\n\n    @model_validator(mode="after")\n    def in_order(self):\n        if self.low > self.high:\n            raise ValueError("low")\n        return self\n\n\nsettings = Settings()\n')
for name, code in {
    "names of operations": "for route in app.routes:\n    route.operation_id = route.name\n",
    "routes chosen": "app.router.routes[:] = [route for route in app.router.routes if route.path in ('/', '/health')]\n",
    "a table of routes": "TABLE = {route.path: route.name for route in app.routes}\nprint(sorted(TABLE))\n",
}.items():
    routes.main(name, "from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get('/')\ndef index():\n    return 1\n\n\n" + code, add=("metrics",))
REQUIRED = "from pydantic_settings import BaseSettings\n\n\nclass Settings(BaseSettings):\n    secret: str\n    debug: bool = False\n"
for title, more, main, refused in [
    ("made with arguments", "", "app = FastAPI(debug=Settings(secret='x').debug)\n", ("PX105",)),
    ("made by a class method", "\n    @classmethod\n    def load(cls):\n        return cls(secret='x')\n", "app = FastAPI(debug=Settings.load().debug)\n", ("PX105",)),
    ("made by a function with a default", "\n\ndef load(secret: str = 'x') -> Settings:\n    return Settings(secret=secret)\n", "app = FastAPI(debug=config.load().debug)\n", None),
]:
    settings.add(f"{title}, a field that must be given", {"app/config.py": REQUIRED + more, "app/main.py": "from fastapi import FastAPI\n\nfrom app import config\nfrom app.config import Settings\n\n" + main}, refusal=refused)
settings.add("made with arguments, a class of our own", {"app/config.py": REQUIRED, "app/main.py": "from fastapi import FastAPI\n\nfrom app.config import Settings\n\napp = FastAPI(debug=Settings(secret='x').debug)\n"}, options=("--settings", "new"))
settings.config("no environment among the sources", 'from pydantic_settings import BaseSettings\n\n\nclass Settings(BaseSettings):\n    debug: bool = False\n\n    @classmethod\n    def settings_customise_sources(cls, settings_cls, init_settings, env_settings, dotenv_settings, file_secret_settings):\n        return (init_settings, dotenv_settings)\n\n\nsettings = Settings()\n', refusal=("PX105",))
settings.config("the environment behind the file", 'from pydantic_settings import BaseSettings\n\n\nclass Settings(BaseSettings):\n    debug: bool = False\n\n    @classmethod\n    def settings_customise_sources(cls, settings_cls, init_settings, env_settings, dotenv_settings, file_secret_settings):\n        return (init_settings, dotenv_settings, env_settings)\n\n\nsettings = Settings()\n')
