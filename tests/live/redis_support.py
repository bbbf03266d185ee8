"""What the tests of `redis` and `arq` share: generated modules imported into the test's process."""

import ast
import importlib
import inspect
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from conftest import RedisServer


@contextmanager
def imported(project: Path, *modules: str, **env: str) -> Iterator[Any]:
    """Imports modules of the project with these variables set, and forgets them at the end."""
    before_modules, before_env = set(sys.modules), dict(os.environ)
    sys.path.insert(0, str(project))
    os.environ.update(env)
    importlib.invalidate_caches()
    try:
        loaded = [importlib.import_module(module) for module in modules]
        yield loaded[0] if len(loaded) == 1 else loaded
    finally:
        sys.path.remove(str(project))
        os.environ.clear()
        os.environ.update(before_env)
        for name in set(sys.modules) - before_modules:
            if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(project)):
                del sys.modules[name]
        for name in ("services", "settings"):
            sys.modules.pop(name, None)


def clients(server: RedisServer) -> list[str]:
    """Redis's client list without the `redis-cli` that asks for it."""
    lines = server.cli("client", "list").splitlines()
    return [line for line in lines if "cmd=client" not in line]


def protected_server(folder: Path, password: str) -> RedisServer:
    """A Redis that asks for a password: `requirepass`, set after the start."""
    server = RedisServer(folder)
    subprocess.run(
        ["redis-cli", "-p", str(server.port), "config", "set", "requirepass", password],
        check=True,
        capture_output=True,
    )
    return server


async def run_block(code: str, names: dict[str, Any]) -> dict[str, Any]:
    """Runs a block that may use `await` at its top level; returns the names that it leaves."""
    compiled = compile(code, "<seed>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    result = eval(compiled, names)  # noqa: S307
    if inspect.isawaitable(result):
        await result
    return names
