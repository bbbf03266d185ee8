#!/usr/bin/env python3
"""Shows that verdict.py notices: damages what `paxx` wrote, one way at a time, and expects another verdict than perfect.

usage: mutants.py FOLDER      FOLDER as for verdict.py; uses its tree `plain` (of shapes.py)

Each mutant is a stand-in for the binary that runs the real one and then edits the tree as a wrong tool would have.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
BINARY = os.environ.get("PAXX_BIN", "paxx")

# name, component, file, what the right tool wrote, what a wrong one would have
MUTANTS = [
    ("no start", "redis", "app/main.py", "    await start_redis()\n", ""),
    ("start after the yield", "redis", "app/main.py", "    await start_redis()\n    yield\n", "    yield\n    await start_redis()\n"),
    ("stop before the yield", "redis", "app/main.py", "    yield\n    await stop_redis()\n", "    await stop_redis()\n    yield\n"),
    ("start in a branch", "redis", "app/main.py", "    await start_redis()\n", "    if app:\n        await start_redis()\n"),
    ("no await", "redis", "app/main.py", "await start_redis()", "start_redis()"),
    ("stops in the order of the starts", "arq", "app/main.py", "    await stop_arq()\n    await stop_redis()\n", "    await stop_redis()\n    await stop_arq()\n"),
    ("worker before its server", "arq", "app/main.py", "    await start_redis()\n    await start_arq()\n", "    await start_arq()\n    await start_redis()\n"),
    ("import of nothing", "redis", "app/main.py", "from app.services.cache", "from services.cache"),
    ("a line of the user's is gone", "redis", "app/main.py", '    print("down")\n', ""),
    ("a line of the user's is changed", "redis", "app/main.py", 'print("down")', 'print("done")'),
    ("a syntax error", "redis", "app/main.py", "    yield\n", "    yield (\n"),
    ("CRLF", "redis", "app/core/config.py", '    redis_url: str = "redis://localhost:6379/0"\n', '    redis_url: str = "redis://localhost:6379/0"\r\n'),
    ("wrong type", "metrics", "app/core/config.py", "metrics_enabled: bool", "metrics_enabled: str"),
    ("wrong default", "redis", "app/core/config.py", "6379/0", "6379/3"),
    ("no bound", "redis", "app/core/config.py", "Field(default=50, ge=1)", "50"),
    ("wrong name", "redis", "app/core/config.py", "redis_url", "REDIS_URL"),
    ("field twice", "redis", "app/core/config.py", "    # Redis\n", '    # Redis\n    redis_url: str = ""\n'),
    ("no import of Field", "redis", "app/core/config.py", "from pydantic import Field\n", ""),
    ("field outside the class", "redis", "app/core/config.py", "    cache_fail_open: bool = False\n", "\n\ncache_fail_open: bool = False\n"),
    ("module reads another name", "redis", "app/services/cache.py", "settings.redis_url", "settings.REDIS_URL"),
    ("module takes settings from nowhere", "redis", "app/services/cache.py", "from app.core.config", "from app.config"),
    ("module in a circle", "redis", "app/services/cache.py", "from app.core.config import settings", "from app.main import settings"),
    ("dependency twice", "redis", "pyproject.toml", '    "redis[hiredis]>=5.0.2",\n', '    "redis[hiredis]>=5.0.1",\n    "Redis",\n'),
    ("no dependency", "redis", "pyproject.toml", '    "redis[hiredis]>=5.0.2",\n', ""),
    ("env variable missing", "redis", ".env.example", "REDIS_MAX_CONNECTIONS=50\n", ""),
    ("env variable twice", "redis", ".env.example", "REDIS_MAX_CONNECTIONS=50\n", "REDIS_MAX_CONNECTIONS=50\nREDIS_MAX_CONNECTIONS=50\n"),
    ("application without the variable", "redis", "docker-compose.yml", "      - REDIS_URL=redis://redis:6379/0\n", ""),
    ("localhost in the container", "redis", "docker-compose.yml", "redis://redis:6379/0", "redis://localhost:6379/0"),
    ("no depends_on", "redis", "docker-compose.yml", "      - db\n      - redis\n", "      - db\n"),
    ("volume not declared", "redis", "docker-compose.yml", "  redis_data:\n", ""),
    ("the user's volume is gone", "redis", "docker-compose.yml", "  pg_data:\n", ""),
    ("invalid YAML", "redis", "docker-compose.yml", "  redis:\n", "  redis\n"),
    ("a service twice", "redis", "docker-compose.yml", "  redis:\n", "  db:\n    image: x\n  redis:\n"),
    ("other PostgreSQL", "postgis", "docker-compose.yml", "postgis/postgis:16", "postgis/postgis:17"),
    ("worker of no module", "arq", "docker-compose.yml", "arq app.services.tasks", "arq services.tasks"),
    ("router missing", "metrics", "app/main.py", "app.include_router(metrics_router)\n", ""),
    ("router twice", "metrics", "app/main.py", "app.include_router(metrics_router)\n", "app.include_router(metrics_router)\napp.include_router(metrics_router)\n"),
    ("middleware elsewhere", "metrics", "app/main.py", "app.add_middleware(Metrics", "other = FastAPI()\nother.add_middleware(Metrics"),
    ("ignore line missing", "storage", ".gitignore", "uploads/\n", ""),
    ("executable", "redis", "app/main.py", None, None),
    ("a foreign file", "redis", "app/new.py", None, ""),
]  # fmt: skip

STAND_IN = """\
#!{python}
import os, subprocess, sys
done = subprocess.run([{binary!r}, *sys.argv[1:]])
if done.returncode == 0 and "add" in sys.argv and "--yes" in sys.argv:
    path, old, new = {path!r}, {old!r}, {new!r}
    if new is None:
        os.chmod(path, 0o755)
    else:
        data = open(path, newline="").read() if old is not None else ""
        if old is not None and old not in data and not os.path.exists({once!r}):
            sys.exit(77)
        open({once!r}, "w").close()
        open(path, "w", newline="").write(data.replace(old, new, 1) if old is not None else new)
sys.exit(done.returncode)
"""


def main() -> int:
    folder, survived = sys.argv[1], []
    with tempfile.TemporaryDirectory(prefix="verdict-mutants-") as scratch:
        stand_in = Path(scratch) / "paxx"
        for name, component, path, old, new in MUTANTS:
            once = Path(scratch) / "once"
            once.unlink(missing_ok=True)
            stand_in.write_text(STAND_IN.format(python=sys.executable, binary=BINARY, once=str(once), path=path, old=old, new=new))
            stand_in.chmod(0o755)
            command = [sys.executable, str(HERE / "verdict.py"), folder, "plain", "--components", component]
            done = subprocess.run(command, env={**os.environ, "PAXX_BIN": str(stand_in)}, capture_output=True, text=True, check=False)
            lines = [line.strip() for line in done.stdout.partition("\n\n")[2].splitlines() if line.startswith("    ")]
            # what any change by a third hand brings is no merit of the judge
            own = [line for line in lines if not line.startswith(("the diff gives", "second add", "remove", "add after remove", "undo", "check", "dry run after", "git status"))]
            verdict = "survived" if done.returncode == 0 or not own else own[0]
            if "exit 77" in done.stdout:
                verdict = "survived: the tool no longer writes what the mutant damages"
            print(f"{name:38} {verdict}")
            if verdict.startswith("survived"):
                survived.append(name)
    print(f"{len(MUTANTS) - len(survived)} of {len(MUTANTS)} noticed")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
