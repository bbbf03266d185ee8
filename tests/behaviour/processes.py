"""Processes: one parent that has imported what applications import; each observation is a fork of it."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from observe import observe

TIMEOUT = 40.0
PRELOADED = (
    "fastapi", "fastapi.responses", "fastapi.staticfiles", "fastapi.middleware.cors", "fastapi.encoders",
    "pydantic", "pydantic_settings", "dotenv", "httpx", "starlette.applications", "starlette.routing",
    "redis.asyncio", "redis.asyncio.sentinel", "arq", "arq.connections", "arq.worker", "prometheus_client", "prometheus_client.multiprocess",
    "opentelemetry.trace", "opentelemetry.sdk.trace.export", "opentelemetry.exporter.otlp.proto.grpc.trace_exporter",
    "opentelemetry.instrumentation.fastapi", "opentelemetry.instrumentation.sqlalchemy", "opentelemetry.instrumentation.httpx",
    "sqlalchemy", "sqlalchemy.event", "sqlalchemy.orm", "geoalchemy2", "aiofiles", "structlog", "asyncio", "contextlib", "email.message", "logging.config", "multiprocessing",
)


def preload() -> None:
    """Imports what applications import, once; what is not installed is left to the shapes that need it."""
    import importlib

    for name in PRELOADED:
        try:
            importlib.import_module(name)
        except ImportError:
            pass


def run_application(request: dict[str, Any], python: str | None = None) -> dict[str, Any]:
    """What the application did, in a process of its own; `python` names another interpreter."""
    if python:
        return _elsewhere(request, python)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(reader)
            os.setsid()
            silent = os.open(os.devnull, os.O_RDWR)
            for number in (0, 1, 2):
                os.dup2(silent, number)
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            text = json.dumps(observe(request), default=str).encode()
            with os.fdopen(writer, "wb") as pipe:
                pipe.write(text)
            code = 0
        finally:
            os._exit(code)
    os.close(writer)
    text = _read(reader, child)
    if text is None:
        return _broken(f"no answer within {TIMEOUT:.0f} s")
    return json.loads(text) if text else _broken("the process ended without a report")


def _read(reader: int, child: int) -> bytes | None:
    parts: list[bytes] = []
    end = time.monotonic() + TIMEOUT
    try:
        while True:
            ready, _, _ = select.select([reader], [], [], max(0.0, end - time.monotonic()))
            if not ready:
                return None
            part = os.read(reader, 1 << 16)
            if not part:
                return b"".join(parts)
            parts.append(part)
    finally:
        os.close(reader)
        try:
            os.killpg(child, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        os.waitpid(child, 0)


def _elsewhere(request: dict[str, Any], python: str) -> dict[str, Any]:
    program = Path(__file__).with_name("observe.py")
    try:
        done = subprocess.run(
            [python, "-B", program], input=json.dumps(request), capture_output=True, text=True, timeout=TIMEOUT
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
