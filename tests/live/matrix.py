"""What is generated, on every Python and FastAPI that it is for, in one table.

    tests/live/matrix.py [--python 3.10,3.14] [--fastapi 0.100,newest]

Each cell is an environment of its own, made from what the project declares after all components were added. It says how many of the
generated test modules pass, and `+app` where the application is imported as well. The last column says whose strict mode finds nothing in the
modules for that Python, with the packages of the environment that this runs in. A Python that can neither be found nor be had by uv is named
below the table.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from conftest import ROOT, SHAPES, TOGETHER, Projects, manifest
from examine import generated, program

PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
FASTAPIS = ("0.100", "0.115", "0.143", "newest")
TESTS = [entry["path"] for component in TOGETHER for entry in manifest(component).get("test", [])]
EXTRA = ("pytest", "pytest-asyncio", "aiosqlite", "httpx")


def interpreter(version: str) -> str | None:
    """A Python of pyenv, whose shims hide it, or one that uv has or can get."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    if found := sorted(root.glob(f"versions/{version}.*/bin/python")):
        return str(found[-1])
    for command in (["find"], ["install"], ["find"]):
        done = subprocess.run(["uv", "python", *command, version], capture_output=True, text=True)
        if done.returncode == 0 and command == ["find"]:
            return done.stdout.strip()
    return None


def environment(project: Path, python: str, version: str, fastapi: str) -> Path:
    """The interpreter of an environment with all that the project declares, and this FastAPI."""
    declared = (project / "pyproject.toml").read_bytes()
    key = hashlib.sha256(declared + f"{version} {fastapi} {EXTRA}".encode()).hexdigest()[:12]
    folder = ROOT / "target" / "live" / f"matrix-{version}-{fastapi}-{key}"
    if (folder / "complete").exists():
        return folder / "bin/python"
    shutil.rmtree(folder, ignore_errors=True)
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as override:
        override.write("fastapi\n" if fastapi == "newest" else f"fastapi=={fastapi}.*\n")
        override.flush()
        for command in (
            ["uv", "venv", "--quiet", "--no-project", "--python", python, str(folder)],
            ["uv", "pip", "install", "--quiet", "--python", str(folder / "bin/python"), "--override", override.name,
             "-r", "pyproject.toml", *EXTRA],
        ):
            done = subprocess.run(command, cwd=project, capture_output=True, text=True)
            if done.returncode != 0:
                raise RuntimeError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "no environment")
    (folder / "complete").touch()
    return folder / "bin/python"


def cell(project: Path, python: str, version: str, fastapi: str) -> tuple[str, list[str]]:
    """What the table says, and what is wrong."""
    try:
        interpreter = environment(project, python, version, fastapi)
    except RuntimeError as error:
        return "-", [f"{version}, FastAPI {fastapi}: no environment: {error}"]
    variables = {
        **os.environ, "PYTHONPATH": str(project), "PYTHONDONTWRITEBYTECODE": "1", "OTEL_TRACES_EXPORTER": "none",
        "DATABASE_URL": "sqlite+aiosqlite://",
    }

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(interpreter), *arguments]
        return subprocess.run(command, cwd=project, env=variables, capture_output=True, text=True, timeout=300)

    def of_test(name: str) -> tuple[str, str]:
        done = run("-m", "pytest", "-q", "--noconftest", "-p", "no:cacheprovider", f"tests/{name}")
        lines = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR", "E  "))]
        return name, "" if done.returncode == 0 else (lines or [done.stderr.strip() or "no test"])[-1]

    with ThreadPoolExecutor(2) as pool:
        results = dict(pool.map(of_test, TESTS))
    wrong = [f"{version}, FastAPI {fastapi}: {name}: {why}" for name, why in results.items() if why]
    module, _, variable = SHAPES["upper"].app.partition(":")
    imported = run("-c", f"import {module}; {module}.{variable}")
    if imported.returncode != 0:
        wrong.append(f"{version}, FastAPI {fastapi}: the application: {imported.stderr.strip().splitlines()[-1]}")
    return f"{len(TESTS) - sum(map(bool, results.values()))}/{len(TESTS)}{'' if imported.returncode else ' +app'}", wrong


def types(project: Path, version: str) -> tuple[str, list[str]]:
    """Which type checkers find nothing, and what the others find."""
    modules = generated(project, "upper")
    options = ["--strict", "--python-version", version, "--cache-dir", os.devnull]
    mypy = subprocess.run([program("mypy"), *options, *modules], cwd=project, capture_output=True, text=True)
    environment = Path(sys.prefix)
    settings = {
        "include": modules, "typeCheckingMode": "strict", "pythonVersion": version,
        "reportMissingTypeStubs": False, "venvPath": str(environment.parent), "venv": environment.name,
    }
    (project / "pyrightconfig.json").write_text(json.dumps(settings))
    pyright = subprocess.run([program("pyright")], cwd=project, capture_output=True, text=True)
    done = {"mypy": mypy, "pyright": pyright}
    wrong = [f"{version}, {name}: {each.stdout.strip()[-400:]}" for name, each in done.items() if each.returncode]
    return " ".join(name for name, each in done.items() if not each.returncode) or "-", wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", default=",".join(PYTHONS))
    parser.add_argument("--fastapi", default=",".join(FASTAPIS))
    options = parser.parse_args()
    pythons, fastapis = options.python.split(","), options.fastapi.split(",")
    notes: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        project = Projects(Path(folder)).make(*TOGETHER, shape="upper")
        # The fixture itself is for 3.12, by this one name.
        models = project / "app" / "models.py"
        models.write_text(models.read_text().replace("import UTC, datetime", "import datetime, timezone").replace("(UTC)", "(timezone.utc)"))
        print(f"{'Python':8}" + "".join(f"{'FastAPI ' + version:>18}" for version in fastapis) + f"{'strict':>18}", flush=True)
        failed = False
        for version in pythons:
            python = interpreter(version)
            if python is None:
                notes.append(f"{version}: neither found nor to be had by uv")
            found = [cell(project, python, version, fastapi) if python else ("", []) for fastapi in fastapis]
            found.append(types(project, version))
            print(f"{version:8}" + "".join(f"{shown:>18}" for shown, _ in found), flush=True)
            for _, wrong in found:
                notes += wrong
                failed = failed or bool(wrong)
    print("\n".join(notes))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
