"""What the live tests share: a project with components in it, free ports, real servers."""

import os
import shutil
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "templates"

# (settings module path, import line, settings expression, upper case?, services package)
SHAPES = {
    "lower": ("settings.py", "from settings import settings", "settings", False, "services"),
    "upper": ("app/core/config.py", "from app.core.config import settings", "settings", True, "app.services"),
    "getter": ("config.py", "from config import get_settings", "get_settings()", False, "services"),
}


class Rendered:
    """The `project` value of the templates, for rendering without the tool."""

    def __init__(self, shape: str) -> None:
        _, self.settings_import, self._expression, self._upper, self.services = SHAPES[shape]
        self.name = "demo"
        self.install, self.run, self.compose = "uv sync", "uv run ", "docker compose"

    def setting(self, name: str) -> str:
        return f"{self._expression}.{name if self._upper else name.lower()}"

    def env(self, name: str) -> str:
        return name


def render_project(target: Path, shape: str, components: tuple[str, ...]) -> Path:
    """Writes the components' modules and a settings class for them, from the templates alone."""
    import jinja2

    settings_path = SHAPES[shape][0]
    upper = SHAPES[shape][3]
    fields: list[str] = []
    services = target / SHAPES[shape][4].replace(".", "/")
    services.mkdir(parents=True, exist_ok=True)
    package = services
    while package != target:
        (package / "__init__.py").touch()
        package = package.parent
    for component in components:
        folder = TEMPLATES / component
        manifest = tomllib.loads((folder / "component.toml").read_text())
        for module in manifest.get("module", []):
            source = (folder / module["template"]).read_text()
            environment = jinja2.Environment(keep_trailing_newline=True, undefined=jinja2.StrictUndefined)  # noqa: S701
            text = environment.from_string(source).render(project=Rendered(shape))
            (services / module["path"]).write_text(text)
        for setting in manifest.get("setting", []):
            name = setting["name"] if upper else setting["name"].lower()
            default = setting["default"].replace("{project}", "demo")
            if "ge" in setting:
                default = f"Field(default={default}, ge={setting['ge']})"
            fields.append(f"    {name}: {setting['type']} = {default}")
    path = target / settings_path
    path.parent.mkdir(parents=True, exist_ok=True)
    package = path.parent
    while package != target:
        (package / "__init__.py").touch()
        package = package.parent
    reach = "settings = Settings()\n"
    if shape == "getter":
        reach = "@lru_cache\ndef get_settings() -> Settings:\n    return Settings()\n"
    path.write_text(
        "from functools import lru_cache\nfrom typing import Literal\n\n"
        "from pydantic import Field, SecretStr\nfrom pydantic_settings import BaseSettings, SettingsConfigDict\n\n\n"
        "class Settings(BaseSettings):\n"
        '    model_config = SettingsConfigDict(env_file=".env", extra="ignore")\n\n'
        + "\n".join(fields or ["    app_name: str = 'demo'"])
        + f"\n\n\n{reach}"
    )
    return target


@pytest.fixture(scope="session")
def make_project(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """`make_project("redis", "arq", shape="lower")` -> folder with `settings.py` and `services/`."""

    def make(*components: str, shape: str = "lower") -> Path:
        return render_project(tmp_path_factory.mktemp("project"), shape, components)

    return make


def free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])


def wait_for(ready: Callable[[], bool], what: str, seconds: float = 15.0) -> None:
    """Waits until `ready()` holds; fails with `what` after `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if ready():
            return
        time.sleep(0.02)
    pytest.fail(f"{what} did not happen within {seconds:.0f} s")


def port_answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class RedisServer:
    """A real redis-server on a port of its own; `stop()` and `start()` keep the port."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def url(self, database: int = 0) -> str:
        return f"redis://127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        program = shutil.which("redis-server")
        assert program, "redis-server is not installed"
        self.process = subprocess.Popen(
            [program, "--port", str(self.port), "--save", "", "--dir", str(self.folder)],
            stdout=subprocess.DEVNULL,
        )
        wait_for(lambda: port_answers(self.port), "redis-server's start")

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(10)
            self.process = None

    def cli(self, *words: str) -> str:
        done = subprocess.run(
            ["redis-cli", "-p", str(self.port), *words], capture_output=True, text=True, check=True
        )
        return done.stdout.strip()


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path)
    yield server
    server.stop()


def run_python(project: Path, code: str, **env: str) -> str:
    """Runs `code` in a fresh interpreter inside the project; returns its standard output."""
    done = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", "-c", code],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(project), **env},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


class Uvicorn:
    """`uvicorn MODULE:app` in the project, on a free port; `stop()` sends SIGTERM and returns the log."""

    def __init__(self, project: Path, target: str, *arguments: str, **env: str) -> None:
        self.port = free_port()
        self.log = project / f"uvicorn-{self.port}.log"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", target, "--port", str(self.port), *arguments],
            cwd=project,
            env={**os.environ, "PYTHONPATH": str(project), **env},
            stdout=self.log.open("wb"),
            stderr=subprocess.STDOUT,
        )
        try:
            wait_for(lambda: self.process.poll() is not None or port_answers(self.port), "uvicorn's start")
            assert self.process.poll() is None, self.log.read_text()
        except BaseException:
            self.process.kill()
            print(self.log.read_text())
            raise

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self, seconds: float = 15) -> str:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                pytest.fail(f"uvicorn did not stop within {seconds} s:\n{self.log.read_text()}")
        return self.log.read_text()


@pytest.fixture
def serve() -> Iterator[Callable[..., Uvicorn]]:
    """`serve(project, "main:app", REDIS_URL=...)` -> a running uvicorn; stopped at the end of the test."""
    running: list[Uvicorn] = []

    def start(project: Path, target: str, *arguments: str, **env: str) -> Uvicorn:
        server = Uvicorn(project, target, *arguments, **env)
        running.append(server)
        return server

    yield start
    for server in running:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()
