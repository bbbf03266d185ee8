"""Processes: one parent that has imported what applications import; each observation is a fork of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from observe import TIMEOUT, preload, report_in_child

PRELOADED = (
    "fastapi", "fastapi.responses", "fastapi.staticfiles", "fastapi.middleware.cors", "fastapi.encoders",
    "pydantic", "pydantic.v1", "pydantic_settings", "dotenv", "httpx", "starlette.applications", "starlette.routing",
    "redis.asyncio", "redis.asyncio.sentinel", "arq", "arq.connections", "arq.worker", "prometheus_client", "prometheus_client.multiprocess",
    "opentelemetry.trace", "opentelemetry.sdk.trace.export", "opentelemetry.exporter.otlp.proto.grpc.trace_exporter",
    "opentelemetry.instrumentation.fastapi", "opentelemetry.instrumentation.sqlalchemy", "opentelemetry.instrumentation.httpx",
    "sqlalchemy", "sqlalchemy.event", "sqlalchemy.orm", "geoalchemy2", "aiofiles", "structlog", "anyio._backends._asyncio", "encodings.idna", "asyncio", "contextlib", "email.message", "logging.config", "multiprocessing",
)


def preload_applications() -> None:
    """Makes this process the parent of the runs."""
    preload(PRELOADED)


def run_application(request: dict[str, Any], python: str | None = None, fresh: bool = False) -> dict[str, Any]:
    """What the application did, in a process of its own; `python` names another interpreter, `fresh` forbids a fork."""
    if fresh:
        return _alone(request, python or sys.executable)
    text = _ask_server(request, python) if python else report_in_child(request)
    if text is None:
        return _broken(f"no answer within {TIMEOUT:.0f} s")
    return json.loads(text) if text.strip() else _broken("the process ended without a report")


_servers: dict[str, subprocess.Popen[bytes]] = {}


def _ask_server(request: dict[str, Any], python: str) -> bytes | None:
    """The report of another interpreter, which has one parent of its own; it ends with this process."""
    server = _servers.get(python)
    if server is None:
        program = Path(__file__).with_name("observe.py")
        server = _servers[python] = subprocess.Popen(
            [python, "-B", program, "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert server.stdin
        server.stdin.write(json.dumps(PRELOADED).encode() + b"\n")
    assert server.stdin and server.stdout
    server.stdin.write(json.dumps(request).encode() + b"\n")
    server.stdin.flush()
    return server.stdout.readline()


def _alone(request: dict[str, Any], python: str) -> dict[str, Any]:
    program = Path(__file__).with_name("observe.py")
    try:
        done = subprocess.run(
            [python, "-B", program], input=json.dumps(request), capture_output=True, text=True, timeout=TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired:
        return _broken(f"no answer within {TIMEOUT:.0f} s")
    _, _, text = done.stdout.rpartition("@@JSON@@")
    return json.loads(text) if text else _broken(done.stderr[-400:])


def _broken(why: str) -> dict[str, Any]:
    return {
        "ok": False, "phase": "process", "error": why, "events": [], "answers": {}, "environment": [], "settings": {},
        "state": {}, "modules": [], "warnings": [], "connections": [], "instances": [], "imports": {},
    }
