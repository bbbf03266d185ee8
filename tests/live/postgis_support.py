"""A PostgreSQL cluster of its own, and Alembic projects that the tool has edited."""

import ast
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg
import pytest

from conftest import Projects, add, free_port, wait_for

SERVICES = "services"


def _program(name: str, folder: Path | None = None) -> str:
    if folder is not None:
        return str(folder / name)
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    found = str(places[-1]) if places else shutil.which(name)
    assert found, f"PostgreSQL's {name} is not installed"
    return found


class Cluster:
    """A PostgreSQL server on a free port of 127.0.0.1, without durability; run as `postgres` where we are root.

    `programs` has the server's programs, where they are not those of the machine.
    """

    def __init__(self, folder: Path, programs: Path | None = None) -> None:
        self.port = free_port()
        self.data = folder / "data"
        self._count = 0
        self._user: str | None = None
        if os.geteuid() == 0:
            self._user = "postgres"
            os.chmod(folder, 0o755)  # noqa: S103
            self.data.mkdir(mode=0o700)
            account = pwd.getpwnam("postgres")
            os.chown(self.data, account.pw_uid, account.pw_gid)
        self._run(_program("initdb", programs), "-D", str(self.data), "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8")
        options = {
            "port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": str(self.data),
            "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "64MB",
            "jit": "off",
        }
        self.process = subprocess.Popen(
            [_program("postgres", programs), "-D", str(self.data), *(f"--{name}={value}" for name, value in options.items())],
            cwd="/", user=self._user, group=self._user, extra_groups=[] if self._user else None,
            stdout=subprocess.DEVNULL, stderr=(folder / "postgres.log").open("wb"),
        )
        try:
            wait_for(self._answers, "PostgreSQL's start", 30)
        except BaseException:
            self.stop()
            raise

    def _run(self, *command: str) -> None:
        subprocess.run(
            command, cwd="/", user=self._user, group=self._user, extra_groups=[] if self._user else None,
            check=True, stdout=subprocess.DEVNULL,
        )

    def _answers(self) -> bool:
        assert self.process.poll() is None, "postgres ended"
        try:
            psycopg.connect(self.dsn("postgres")).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(3)  # at once: nothing here is to be kept
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def dsn(self, database: str, user: str = "postgres") -> str:
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def url(self, database: str, driver: str = "asyncpg", user: str = "postgres") -> str:
        return f"postgresql+{driver}://{user}@127.0.0.1:{self.port}/{database}"

    def database(self, *extensions: str) -> str:
        """Makes an empty database with these extensions and returns its name."""
        self._count += 1
        name = f"live_{self._count}"
        self.sql("postgres", f"CREATE DATABASE {name} TEMPLATE template0")
        for extension in extensions:
            self.sql(name, f"CREATE EXTENSION {extension} CASCADE")
        return name

    def sql(self, database: str, *statements: str) -> list[tuple[Any, ...]]:
        """Runs statements; returns the rows of the last one."""
        with psycopg.connect(self.dsn(database), autocommit=True) as connection:
            cursor = connection.cursor()
            for statement in statements:
                cursor.execute(statement)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def script(self, database: str, text: str) -> None:
        """Runs a script as `psql` would, and fails at its first error."""
        done = subprocess.run(
            [_program("psql"), "-v", "ON_ERROR_STOP=1", "-q", self.dsn(database)],
            input=text, text=True, capture_output=True,
        )
        assert done.returncode == 0, done.stderr

    def indexes(self, database: str, table: str) -> list[str]:
        """The access methods of a table's indexes on its location."""
        rows = self.sql(
            database, f"SELECT indexdef FROM pg_indexes WHERE tablename = '{table}' AND indexdef LIKE '%(location)%'"
        )
        return [re.findall(r"USING (\w+)", row[0])[0] for row in rows]


def load_geo(project: Path) -> ModuleType:
    """The generated module, under a name of its own."""
    spec = importlib.util.spec_from_file_location("generated_geo", project / SERVICES / "geo.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def alembic_project(projects: Projects, env: str, mako: str, component: str = "postgis") -> Path:
    """A project with this `env.py` and `script.py.mako`, to which the tool has added the component."""
    project = projects.fresh(
        "lower",
        {
            "alembic.ini": "[alembic]\nscript_location = migrations\nprepend_sys_path = .\nsqlalchemy.url = in-env\n",
            "migrations/env.py": env,
            "migrations/script.py.mako": mako,
        },
    )
    shutil.rmtree(project / "db" / "migrations")
    add(project, component)
    return project


class Migrations:
    """An Alembic project: models, `env.py` as the tool has edited it, and the command line."""

    def __init__(
        self, cluster: Cluster, projects: Projects, database: str, env: str, mako: str, models: str, component: str = "postgis"
    ) -> None:
        self.cluster, self.database = cluster, database
        self.project = alembic_project(projects, env, mako, component)
        self.versions = self.project / "migrations" / "versions"
        self.versions.mkdir(parents=True)
        self.models(models)

    def models(self, text: str) -> None:
        (self.project / "models.py").write_text(text)

    def run(self, *commands: str, driver: str = "psycopg", user: str = "postgres", fails: bool = False) -> str:
        """Alembic's command lines, one after the other in one process; standard output, or the error if it `fails`."""
        done = subprocess.run(
            [
                sys.executable, "-W", "error::RuntimeWarning", "-c",
                "import sys\nfrom alembic.config import main\nfor line in sys.argv[1:]: main(line.split())", *commands,
            ],
            cwd=self.project,
            env={
                **os.environ,
                "PYTHONPATH": str(self.project),
                "PYTHONDONTWRITEBYTECODE": "1",
                "DATABASE_URL": self.cluster.url(self.database, driver, user),
            },
            capture_output=True, text=True, timeout=120,
        )
        if fails:
            assert done.returncode != 0, done.stdout
            return done.stderr
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def written(self, name: str) -> str | None:
        """The text of the migration `name`, or None if none was written."""
        found = list(self.versions.glob(f"*_{name}.py")) + list(self.versions.glob(f"*_{name}_ours.py"))
        return found[0].read_text() if found else None


def body(migration: str, function: str) -> str:
    """The statements of `upgrade` or `downgrade`, without Alembic's comments."""
    for node in ast.parse(migration).body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            return "\n".join(ast.unparse(statement) for statement in node.body)
    pytest.fail(f"no {function} in:\n{migration}")
