"""What a shape is: a small project as data, and what the judge needs to know about it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

PYPROJECT = """\
[project]
name = "demo"
version = "0"
dependencies = [
    "fastapi",
    "pydantic-settings",
]
"""
CONFIG = """\
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    debug: bool = False


settings = Settings()
"""
MAIN = """\
from fastapi import FastAPI

from app.config import settings

app = FastAPI(debug=settings.debug)


@app.get("/")
def index() -> dict[str, bool]:
    return {"debug": settings.debug}
"""
COMPOSE = """\
services:
  app:
    build: .
    command: uvicorn app.main:app
"""
BASE: dict[str, str] = {
    "pyproject.toml": PYPROJECT,
    "app/__init__.py": "",
    "app/config.py": CONFIG,
    "app/main.py": MAIN,
    "compose.yml": COMPOSE,
    ".env.example": "DEBUG=false\n",
}
FLAT: dict[str, str] = {
    "pyproject.toml": PYPROJECT,
    "config.py": CONFIG,
    "main.py": MAIN.replace("app.config", "config"),
    "compose.yml": COMPOSE.replace("app.main", "main"),
    ".env.example": "DEBUG=false\n",
}
BASES = {"package": BASE, "flat": FLAT, "empty": {}}


class NotApplicable(Exception):
    """An edit whose place is not in the project: it is left out, and counted."""


@dataclass(frozen=True)
class Edit:
    """What a user does to a project after `add`."""

    name: str
    apply: Callable[[Path], None]
    formats: bool = False
    """Changes the looks alone: `check` stays clean and `remove` leaves nothing of ours."""
    names: str = ""
    """The file that uses what `remove` would take: it must be named, or be left working."""
    deliberate: bool = False
    """The user takes a part of the component out on purpose, so that its promise need not hold."""
    may_restore: bool = False
    """`remove` may give back the user's own text of before the edit."""


@dataclass(frozen=True)
class Shape:
    """A project, the components that are added to it, and what is known of it."""

    kind: str
    name: str
    files: Mapping[str, str | bytes | None]
    add: tuple[str, ...] = ("redis",)
    options: tuple[str, ...] = ()
    base: str = "package"
    target: str = "app.main:app"
    factory: bool = False
    cwd: str = "."
    root: str = "."
    """The folder that the tool is given; the files are below the one above it."""
    paths: tuple[str, ...] = ()
    envs: tuple[Mapping[str, str], ...] = ({},)
    requests: tuple[str, ...] = ("/", "/nope")
    refusal: str | tuple[str, ...] | None = None
    """Whether `add` may refuse: "any", these codes, or not at all."""
    findings: tuple[str, ...] = ()
    """Codes that `check` may report after `add`: of what was there before, and said by `add`."""
    says: tuple[str, ...] = ()
    """What `add` must say if it does not refuse."""
    app_services: tuple[str, ...] = ("app",)
    url: str | None = None
    """The URL that reaches the Redis of the compose file; None: the one that `add` brings."""
    keeps: tuple[str, ...] = ()
    """Variables of the application's container whose value must stay."""
    changes: tuple[str, ...] = ()
    """Services besides the application's that may change."""
    starts_ours: bool = True
    """Whether our starts and stops must run: not where another application's server never runs a lifespan."""
    ordered: bool = True
    """Whether ours start after all that the user's start prints, and stop before what its end prints."""
    metrics_path: str = "/metrics"
    metrics_served: bool = True
    python: str | None = None
    """Another interpreter (`3.9`) or another FastAPI (`fastapi-0.100`) for the whole of the shape."""
    fresh: bool = False
    """Observe in a new interpreter: the shape has modules with the names of others."""
    needs: tuple[str, ...] | None = None
    """The packages that must be installed; None: what the new modules import."""
    requirement_files: tuple[str, ...] | None = None
    edits: tuple[Edit, ...] = ()
    judge: Callable[..., Iterator[str]] | None = None
    """What only this shape shows: yields what is wrong after `add`."""
    prepare: Callable[[Path], None] | None = None
    """What a text cannot say: links, empty folders, modes."""
    exact: bool = True
    """`remove` gives back the bytes of before."""

    @property
    def id(self) -> str:
        return f"{self.kind}/{self.name}"

    def tree(self) -> dict[str, str]:
        """Every file of the project."""
        merged: dict[str, str | bytes | None] = {**BASES[self.base], **self.files}
        return {path: text for path, text in merged.items() if text is not None}


@dataclass
class Collection:
    """The shapes of one file."""

    kind: str
    shapes: list[Shape] = field(default_factory=list)

    def add(self, name: str, files: Mapping[str, str | bytes | None] | None = None, **options: object) -> Shape:
        kind = str(options.pop("kind", self.kind))
        texts = {path: dedent(text) if isinstance(text, str) else text for path, text in (files or {}).items()}
        shape = Shape(kind, name, texts, **options)  # type: ignore[arg-type]
        self.shapes.append(shape)
        return shape

    def main(self, name: str, text: str, files: Mapping[str, str | bytes | None] | None = None, **options: object) -> Shape:
        """A shape of which the application's module is what matters."""
        return self.add(name, {"app/main.py": text, **(files or {})}, **options)

    def config(self, name: str, text: str, files: Mapping[str, str | bytes | None] | None = None, **options: object) -> Shape:
        """A shape of which the settings' module is what matters."""
        return self.add(name, {"app/config.py": text, **(files or {})}, **options)

    def compose(self, name: str, text: str, files: Mapping[str, str | bytes | None] | None = None, **options: object) -> Shape:
        """A shape of which the compose file is what matters."""
        return self.add(name, {"compose.yml": text, **(files or {})}, **options)


def dedent(text: str) -> str:
    """The text without the margin that it has in the source, and without its first empty line."""
    return textwrap.dedent(text.removeprefix("\n"))


# What a user does, as functions of the project's folder.


def replace(path: str, old: str, new: str, count: int = 1, regex: bool = False) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        file = folder / path
        if not file.exists():
            raise NotApplicable(path)
        text = file.read_text()
        changed = re.sub(old, new, text, count=count, flags=re.MULTILINE) if regex else text.replace(old, new, count)
        if changed == text:
            raise NotApplicable(f"{old!r} is not in {path}")
        file.write_text(changed)

    return apply


def anywhere(pattern: str, new: str, count: int = 0) -> Callable[[Path], None]:
    """Replaces in every Python file of the project; at least one must hold the pattern."""

    def apply(folder: Path) -> None:
        found = False
        for file in sorted(folder.rglob("*.py")):
            text = file.read_text()
            changed = re.sub(pattern, new, text, count=count, flags=re.MULTILINE)
            if changed != text:
                file.write_text(changed)
                found = True
        if not found:
            raise NotApplicable(pattern)

    return apply


def write(path: str, text: str) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text))

    return apply


def prepend(path: str, text: str) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        file = folder / path
        if not file.exists():
            raise NotApplicable(path)
        file.write_text(dedent(text) + file.read_text())

    return apply


def append(path: str, text: str) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        file = folder / path
        if not file.exists():
            raise NotApplicable(path)
        file.write_text(file.read_text() + dedent(text))

    return apply


def delete(path: str) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        if not (folder / path).exists():
            raise NotApplicable(path)
        (folder / path).unlink()

    return apply


def both(*steps: Callable[[Path], None]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        for step in steps:
            step(folder)

    return apply


def tool(*arguments: str) -> Callable[[Path], None]:
    """A formatter or an import sorter over the whole project, `python -m ARGUMENTS .`"""
    import subprocess
    import sys

    def apply(folder: Path) -> None:
        done = subprocess.run(
            [sys.executable, "-m", *arguments, "."], cwd=folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )
        if done.returncode not in (0, 1):
            raise RuntimeError(f"{arguments[0]}: {done.stderr[-300:]}")

    return apply
