"""What the live tests share: projects to which the tool has added components, free ports, real servers."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mongodb_support import MongoServer
    from postgis_support import Cluster

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "templates"
FIXTURES = ROOT / "fixtures"

COMPONENTS = ("redis", "arq", "storage", "websocket", "postgis", "metrics")
# All there are, found by their folders: what is asked of each is asked of a new one, too.
EVERY = tuple(sorted(path.parent.name for path in TEMPLATES.glob("*/component.toml")))


def _together() -> Iterator[str]:
    replaced: set[str] = set()
    for component in EVERY:
        images = {image["replaces"] for image in manifest(component).get("image", [])}
        if not images & replaced:
            yield component
        replaced |= images




@dataclass(frozen=True)
class Shape:
    """A project that components are added to, and where things lie in it."""

    settings: str  # the module of the settings class
    services: str  # the package of the generated modules
    app: str  # what uvicorn is told


SHAPES = {
    # What `paxx bootstrap demo` of the tool's predecessor makes.
    "lower": Shape("settings.py", "services", "main:app"),
    # `fixtures/package-upper`: UPPER_CASE settings in a package.
    "upper": Shape("app/core/config.py", "app.services", "app.main:app"),
    # `fixtures/requirements`: settings behind `get_settings()`.
    "getter": Shape("config.py", "services", "main:app"),
}
PREDECESSOR = "paxx==0.2.3"

# The tool notes there what it wrote; no test writes into the home folder of whoever runs it.
STATE = tempfile.TemporaryDirectory(prefix="paxx-state-")
os.environ["XDG_STATE_HOME"] = STATE.name
# Libraries are type-checked once for all tests. What mypy keeps holds for a text, wherever the file is.
os.environ["MYPY_CACHE_DIR"] = str(ROOT / "target/live/mypy")


def pytest_configure() -> None:
    """SIGTERM ends the run as Ctrl-C does: fixtures end their servers."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def binary() -> Path:
    """The tool: `$PAXX_BIN`, else the newest build of this repository."""
    if given := os.environ.get("PAXX_BIN"):
        return Path(given).resolve()
    built = [path for path in (ROOT / "target/debug/paxx", ROOT / "target/release/paxx") if path.exists()]
    assert built, "no binary: run `cargo build`, or set PAXX_BIN"
    return max(built, key=lambda path: path.stat().st_mtime)


def manifest(component: str) -> dict[str, Any]:
    """What `component.toml` says of the component."""
    return tomllib.loads((TEMPLATES / component / "component.toml").read_text())


def paxx(project: Path, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Runs the tool on the project and expects this exit code (-1: any)."""
    done = subprocess.run(
        [binary(), "-C", project, *arguments], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
    )
    assert code in (done.returncode, -1), f"paxx {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done


# All that can be in one project: of components that replace the same image by different ones, the first.
TOGETHER = tuple(_together())


def add(project: Path, *components: str, options: tuple[str, ...] = ()) -> str:
    """Adds components; returns what the tool says to the user, the next steps among it."""
    return paxx(project, "infra", "add", *components, "--yes", *options).stderr if components else ""


def bootstrap(folder: Path) -> Path:
    """What `paxx bootstrap demo` of paxx 0.2.3 makes, in `folder/demo`; `$PAXX_BOOTSTRAPPED` names one to copy."""
    if ready := os.environ.get("PAXX_BOOTSTRAPPED"):
        return Path(shutil.copytree(ready, folder / "demo"))
    uv = shutil.which("uv")
    assert uv, "uv is not installed"
    done = subprocess.run(
        [uv, "tool", "run", "--quiet", "--python", sys.executable, "--from", PREDECESSOR, "paxx", "bootstrap", "demo"],
        cwd=folder, capture_output=True, text=True, timeout=180, stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0 and (folder / "demo").is_dir(), done.stdout + done.stderr
    return folder / "demo"


class Projects:
    """Trees without and with components; each is made once and copied from then on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._pristine: dict[str, Path] = {}
        self._added: dict[tuple[str, ...], Path] = {}
        self._count = 0

    def _folder(self, name: str) -> Path:
        self._count += 1
        path = self.folder / f"{self._count}-{name}"
        path.mkdir(parents=True)
        return path

    def pristine(self, shape: str) -> Path:
        """The project before anything is added; not to be changed."""
        if shape not in self._pristine:
            folder = self._folder(shape)
            if shape == "lower":
                self._pristine[shape] = bootstrap(folder)
            else:
                source = FIXTURES / {"upper": "package-upper", "getter": "requirements"}.get(shape, shape)
                self._pristine[shape] = Path(shutil.copytree(source, folder / "demo"))
            for compose in self._pristine[shape].glob("*compose.y*ml"):
                # There is no image of pgvector on Alpine: it would be refused.
                compose.write_text(re.sub(r"(image: postgres:\d+)-alpine", r"\1", compose.read_text()))
        return self._pristine[shape]

    def fresh(self, shape: str, files: Mapping[str, str] | None = None) -> Path:
        """A copy of it, with these files written into it."""
        target = Path(shutil.copytree(self.pristine(shape), self._folder(shape) / "demo"))
        for name, text in (files or {}).items():
            path = target / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return target

    def make(self, *components: str, shape: str = "lower") -> Path:
        """A copy to which the tool has added the components."""
        key = (shape, *components)
        if key not in self._added:
            self._added[key] = self.fresh(shape)
            add(self._added[key], *components)
        return Path(shutil.copytree(self._added[key], self._folder(shape) / "demo"))


@pytest.fixture(scope="session")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Projects:
    return Projects(tmp_path_factory.mktemp("projects"))


@pytest.fixture(scope="session")
def make_project(projects: Projects) -> Callable[..., Path]:
    """`make_project("redis", "arq", shape="lower")` -> a project with these components in it."""
    return projects.make


@pytest.fixture(scope="session")
def next_steps(projects: Projects) -> Callable[..., str]:
    """`next_steps("redis", shape="lower", compose=False)` -> what the tool prints after adding it."""

    def printed(component: str, shape: str = "lower", compose: bool = True) -> str:
        options = () if compose else ("--compose", "none")
        said = add(projects.fresh(shape), component, options=options)
        found = re.search(r"(?ms)^Next steps for ([^\n]*)\n(.*)", said)
        assert found and component in found[1].split(", "), said
        steps = found[2].split("\nNot done, and left to you:")[0]
        # Of what came along, nothing.
        own = re.search(rf"(?m)^\d+\. {component}: ", steps)
        return steps[own.start() if own else 0 :].rstrip("\n") + "\n"

    return printed


def free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])


def wait_for(ready: Callable[[], bool], what: str, seconds: float = 40.0) -> None:
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


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One Redis for all tests of a module."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def cluster() -> "Iterator[Cluster]":
    """One PostgreSQL with PostGIS for all tests; each makes a database of its own."""
    from postgis_support import Cluster

    # Not below pytest's own folder, which only its owner may enter.
    with tempfile.TemporaryDirectory(prefix="paxx-pg-") as folder:
        server = Cluster(Path(folder))
        yield server
        server.stop()


@pytest.fixture(scope="session")
def mongod(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[MongoServer]":
    """One server of MongoDB's protocol for all tests that do not stop it."""
    from mongodb_support import MongoServer

    server = MongoServer(tmp_path_factory.mktemp("mongod"))
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

    def __init__(
        self, project: Path, target: str, *arguments: str, python: str = sys.executable, **env: str
    ) -> None:
        self.port = free_port()
        self.log = project / f"uvicorn-{self.port}.log"
        self.process = subprocess.Popen(
            [python, "-m", "uvicorn", target, "--port", str(self.port), *arguments],
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

    def start(
        project: Path, target: str, *arguments: str, python: str = sys.executable, **env: str
    ) -> Uvicorn:
        server = Uvicorn(project, target, *arguments, python=python, **env)
        running.append(server)
        return server

    yield start
    for server in running:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()
