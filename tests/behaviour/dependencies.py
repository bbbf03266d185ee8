"""What an installer would install for the project on Linux with this Python. Uses `packaging` and `tomllib`."""

from __future__ import annotations

import configparser
import re
import runpy
import sys
import tomllib
import types
from collections.abc import Iterator
from pathlib import Path

import yaml
from packaging.markers import default_environment
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

# What a name that our modules import is installed by; the rest comes with FastAPI.
PACKAGES = {
    "redis": "redis", "arq": "arq", "aioboto3": "aioboto3", "aiobotocore": "aiobotocore", "aiofiles": "aiofiles", "boto3": "boto3",
    "prometheus_client": "prometheus-client", "opentelemetry": "opentelemetry-sdk", "geoalchemy2": "geoalchemy2", "pydantic_settings": "pydantic-settings",
}


def imported(module: str) -> set[str]:
    """The packages that a module's imports at its top level need."""
    import ast

    names = set()
    for node in ast.parse(module).body:
        if isinstance(node, ast.Import):
            names |= {one.name.split(".")[0] for one in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add((node.module or "").split(".")[0])
    return {PACKAGES[name] for name in names if name in PACKAGES}


def problems(folder: Path, needed: set[str], python: str = "3.12", files: list[str] | None = None) -> list[str]:
    """Which of the needed packages nothing installs, and requirements files that pip would refuse."""
    requirements: dict[str, list[Requirement]] = {}
    out: list[str] = []
    environment = {**default_environment(), "python_version": python, "python_full_version": python + ".1", "sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "extra": ""}
    lines = list(_declared(folder, files, out))
    for text in lines:
        try:
            one = Requirement(text)
        except InvalidRequirement:
            out.append(f"`{text}` is no requirement")
            continue
        if one.marker is None or one.marker.evaluate(environment):
            requirements.setdefault(canonicalize_name(one.name), []).append(one)
    for name in sorted(needed):
        if canonicalize_name(name) not in requirements:
            out.append(f"nothing installs `{name}`")
    return out


def declared(folder: Path) -> list[str]:
    """Everything that the files of a folder list, as requirements."""
    return list(_declared(folder, None, []))


def _declared(folder: Path, files: list[str] | None, out: list[str]) -> Iterator[str]:
    pyproject = folder / "pyproject.toml"
    if pyproject.exists():
        tree = tomllib.loads(pyproject.read_text(encoding="utf-8-sig"))
        yield from tree.get("project", {}).get("dependencies", [])
        poetry = tree.get("tool", {}).get("poetry", {})
        for name, spec in poetry.get("dependencies", {}).items():
            if name != "python":
                yield from _poetry(name, spec)
        dynamic = tree.get("tool", {}).get("setuptools", {}).get("dynamic", {}).get("dependencies", {}).get("file", [])
        for one in [dynamic] if isinstance(dynamic, str) else dynamic:
            yield from _requirements(folder / one, out, set())
    yield from _others(folder)
    for one in files if files is not None else sorted(path.name for path in folder.glob("requirements*.txt")):
        yield from _requirements(folder / one, out, set())


def _others(folder: Path) -> Iterator[str]:
    """What the other kinds of files list, each read as its tool reads it."""
    for name, table in (("Pipfile", "packages"), ("pixi.toml", "pypi-dependencies")):
        if (folder / name).exists():
            for key, spec in tomllib.loads((folder / name).read_text(encoding="utf-8")).get(table, {}).items():
                versions = spec.get("version", "*") if isinstance(spec, dict) else spec
                extras = f"[{','.join(spec['extras'])}]" if isinstance(spec, dict) and "extras" in spec else ""
                yield key + extras + ("" if versions == "*" else versions)
    if (folder / "setup.cfg").exists():
        parser = configparser.ConfigParser()
        parser.read(folder / "setup.cfg", encoding="utf-8")
        yield from (line for line in parser.get("options", "install_requires", fallback="").split("\n") if line.strip())
    if (folder / "setup.py").exists():
        yield from _setup(folder / "setup.py")
    for name in ("environment.yml", "environment.yaml"):
        if (folder / name).exists():
            for one in yaml.safe_load((folder / name).read_text(encoding="utf-8")).get("dependencies", []):
                yield from one.get("pip", []) if isinstance(one, dict) else []


def _setup(path: Path) -> list[str]:
    """What `setup.py` says when it runs, with a `setup` that listens."""
    heard: list[str] = []
    module = types.ModuleType("setuptools")
    module.setup = lambda **said: heard.extend(said.get("install_requires", []))  # type: ignore[attr-defined]
    module.find_packages = lambda *_, **__: []  # type: ignore[attr-defined]
    before = sys.modules.get("setuptools")
    sys.modules["setuptools"] = module
    try:
        runpy.run_path(str(path))
    finally:
        sys.modules.pop("setuptools")
        if before is not None:
            sys.modules["setuptools"] = before
    return heard


def _poetry(name: str, spec: object) -> Iterator[str]:
    if isinstance(spec, list):
        for one in spec:
            yield from _poetry(name, one)
        return
    if isinstance(spec, dict):
        if spec.get("optional"):
            return
        marker = [spec["markers"]] if "markers" in spec else []
        if spec.get("platform") not in (None, "linux"):
            return
        yield name + (f" ; {' and '.join(marker)}" if marker else "")
        return
    yield name


def _requirements(path: Path, out: list[str], seen: set[Path]) -> Iterator[str]:
    """The lines of a requirements file and of those that it includes; says where hashes are mixed."""
    collected: list[tuple[str, str]] = []
    hashed = _collect(path, collected, seen)
    plain = [text for text, raw in collected if "--hash" not in raw]
    if (hashed or any("--hash" in raw for _, raw in collected)) and plain:
        out += [f"`{path.name}` needs hashes, and `{text}` has none" for text in plain]
    yield from (text for text, _ in collected)


def _collect(path: Path, collected: list[tuple[str, str]], seen: set[Path]) -> bool:
    if path in seen or not path.exists():
        return False
    seen.add(path)
    hashed = False
    raw = path.read_bytes()
    text = raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    for line in re.sub(r"\\\r?\n", " ", text).splitlines():
        line = re.sub(r"(^|\s)#.*", "", line).strip()
        if not line:
            continue
        if found := re.match(r"(-r|--requirement)[ =]?\s*(\S+)", line):
            hashed |= _collect(path.parent / found[2], collected, seen)
        elif line.startswith("--require-hashes"):
            hashed = True
        elif line.startswith("-"):
            continue
        else:
            collected.append((re.split(r"\s--", line)[0].strip(), line))
    return hashed
