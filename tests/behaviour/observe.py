"""Runs an application once in this process and tells what its own code did. Python itself is the judge here.

Runs in a process of its own (a child of `processes.py`, or another interpreter: `python observe.py` with the request
as JSON on standard input), because it changes the process. Must run on Python 3.8.
"""

import asyncio
import gc
import importlib
import json
import os
import sys
import threading
import traceback
import warnings

STARTS = ("start_redis", "start_arq", "start_storage", "start_pubsub")
STOPS = ("stop_redis", "stop_arq", "stop_storage", "stop_pubsub", "stop_tracing")
SETUPS = ("setup_tracing",)
WATCHED = frozenset(STARTS + STOPS + SETUPS)
TEXT_LIMIT = 400
TIMEOUT = 40.0


class Events(list):
    """What happened, in order: what the user's code printed, and which of our functions began."""

    def write(self, text):
        for line in text.splitlines():
            if line.strip():
                self.append(["print", line.rstrip()])
        return len(text)

    def flush(self):
        pass

    def isatty(self):
        return False


class RedisStandIn:
    """Answers every connection that redis-py opens, whatever its host, and keeps whom it was opened to."""

    def __init__(self, open_connection):
        self.connections = []
        self._open = open_connection
        self._tasks = []

    async def open_connection(self, host=None, port=None, ssl=None, **options):
        import socket

        options.pop("server_hostname", None)
        options.pop("local_addr", None)
        options.pop("happy_eyeballs_delay", None)
        # Not `socketpair`: redis-py sets options of TCP
        with socket.create_server(("127.0.0.1", 0)) as server:
            theirs = socket.create_connection(server.getsockname())
            ours, _ = server.accept()
        seen = {"host": host, "port": port, "ssl": bool(ssl), "user": None, "password": None, "db": 0}
        self.connections.append(seen)
        reader, writer = await self._open(sock=ours)
        self._tasks.append(asyncio.ensure_future(self._answer(reader, writer, seen)))
        return await self._open(sock=theirs)

    async def _answer(self, reader, writer, seen):
        try:
            while True:
                head = await reader.readline()
                if not head:
                    break
                words = []
                for _ in range(int(head[1:])):
                    size = int((await reader.readline())[1:])
                    words.append((await reader.readexactly(size + 2))[:-2])
                writer.write(self._reply([w.decode("utf-8", "replace") for w in words], seen))
                await writer.drain()
        except (OSError, ValueError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    @staticmethod
    def _reply(words, seen):
        name = words[0].upper()
        if name == "PING":
            return b"+PONG\r\n"
        if name == "HELLO":
            seen["protocol"] = 3 if words[1:2] == ["3"] else 2
            if "AUTH" in words:
                at = words.index("AUTH")
                seen["user"], seen["password"] = words[at + 1], words[at + 2]
            pairs = [b"$5\r\nproto\r\n:3\r\n", b"$7\r\nversion\r\n$5\r\n7.4.0\r\n"]
            return b"%2\r\n" + b"".join(pairs) if words[1:2] == ["3"] else b"*4\r\n" + b"".join(pairs)
        if name in ("HGETALL", "SMEMBERS"):
            # Nothing is in it; a mapping of its own only in the third version of the protocol
            return b"%0\r\n" if seen.get("protocol") == 3 and name == "HGETALL" else b"*0\r\n"
        if name == "AUTH":
            seen["user"], seen["password"] = ([None] + words[1:])[-2:]
            return b"+OK\r\n"
        if name == "SELECT":
            seen["db"] = int(words[1])
            return b"+OK\r\n"
        if name == "INFO":
            text = b"redis_version:7.4.0\r\nconnected_clients:1\r\nused_memory_human:1M\r\n"
            return b"$%d\r\n%s\r\n" % (len(text), text)
        if name in ("GET", "DBSIZE"):
            return b"$-1\r\n" if name == "GET" else b":0\r\n"
        if name in ("SUBSCRIBE", "PSUBSCRIBE"):
            out = b""
            for number, channel in enumerate(words[1:], 1):
                raw = channel.encode()
                out += b"*3\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n:%d\r\n" % (len(name), name.lower().encode(), len(raw), raw, number)
            return out
        return b"+OK\r\n"


def observe(request):
    """Imports the application, starts it, asks it, stops it; returns what was seen."""
    folder = os.path.realpath(request["folder"])
    ours = set(request.get("ours", ()))
    events = Events()
    out = {"ok": False, "phase": "import", "events": events, "error": None, "answers": {}, "environment": [],
           "settings": {}, "state": {}, "modules": [], "warnings": [], "connections": [], "instances": [], "imports": {}}
    _enter(folder, request)
    _watch_environment(folder, ours, out["environment"])
    def warned(message, category, filename, lineno, file=None, line=None):
        if issubclass(category, (RuntimeWarning, ResourceWarning)):
            out["warnings"].append("%s: %s" % (category.__name__, str(message).replace(folder, "")))

    warnings.simplefilter("always")
    warnings.showwarning = warned
    printed, sys.stdout = sys.stdout, events
    errors, sys.stderr = sys.stderr, Quiet()
    before = set(sys.modules)
    stop_watching = _watch_calls(ours, events)
    try:
        module, _, attribute = request["target"].partition(":")
        app = importlib.import_module(module)
        for name in attribute.split("."):
            app = getattr(app, name)
        if request.get("factory"):
            app = app()
        out["phase"] = "start"
        asyncio.run(_serve(app, request, out, events))
        out["phase"] = "imports"
        _settings(folder, ours, out)
        for name in request.get("imports", ()):
            out["imports"][name] = _try_import(name)
        out["ok"] = True
        out["phase"] = "done"
    except BaseException as error:
        out["error"] = "%s: %s" % (type(error).__name__, str(error)[:300])
        out["trace"] = "".join(traceback.format_exception(type(error), error, error.__traceback__))[-2500:]
    finally:
        stop_watching()
        sys.stdout, sys.stderr = printed, errors
    for name, module in list(sys.modules.items()):
        path = getattr(module, "__file__", None) or ""
        if name not in before and path.startswith(folder + os.sep) and path not in ours:
            out["modules"].append(name)
    out["stderr"] = ""
    return out


class Quiet:
    """Takes what is written to standard error."""

    encoding = "utf-8"

    def write(self, text):
        return len(text)

    def flush(self):
        pass

    def isatty(self):
        return False

    def fileno(self):
        raise OSError("no file")


def _enter(folder, request):
    """The process as a server has it that is started in the project's folder."""
    os.chdir(os.path.join(folder, request.get("cwd", ".")))
    keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    os.environ.clear()
    os.environ.update(keep)
    os.environ["OTEL_SDK_DISABLED"] = "true"
    os.environ.update(request.get("env", {}))
    sys.dont_write_bytecode = True
    importlib.invalidate_caches()
    roots = [os.getcwd()] + [os.path.join(folder, path) for path in request.get("paths", ())]
    sys.path[:0] = roots
    # What the project has under the name of a package must be found first, as in a fresh interpreter
    standard = getattr(sys, "stdlib_module_names", ())
    for root in roots:
        for entry in os.listdir(root):
            name = entry[:-3] if entry.endswith(".py") else entry
            if name in standard or not name.isidentifier():
                continue
            for loaded in [one for one in sys.modules if one == name or one.startswith(name + ".")]:
                if loaded not in ("observe", "__main__"):
                    del sys.modules[loaded]


def _watch_calls(ours, events):
    """Keeps which functions of ours begin; what ends that is returned."""
    if not ours:
        return lambda: None
    if hasattr(sys, "monitoring"):
        monitoring = sys.monitoring

        def begin(code, _):
            if code.co_name in WATCHED and code.co_filename in ours:
                events.append(["ours", code.co_name])
                return None
            return monitoring.DISABLE  # asked once for each function

        monitoring.use_tool_id(monitoring.PROFILER_ID, "observe")
        monitoring.register_callback(monitoring.PROFILER_ID, monitoring.events.PY_START, begin)
        monitoring.set_events(monitoring.PROFILER_ID, monitoring.events.PY_START)
        return lambda: monitoring.set_events(monitoring.PROFILER_ID, 0)
    keep, seen = [], set()

    def profile(frame, event, _):
        if event == "call" and frame.f_code.co_name in WATCHED and frame.f_code.co_filename in ours and id(frame) not in seen:
            seen.add(id(frame))
            keep.append(frame)  # else its id would be given to another frame
            events.append(["ours", frame.f_code.co_name])

    def stop():
        sys.setprofile(None)
        threading.setprofile(None)

    threading.setprofile(profile)
    sys.setprofile(profile)
    return stop


def _watch_environment(folder, ours, reads):
    """Keeps which variables the user's own code reads, what it gets, and in which module."""
    kind = type(os.environ)
    plain = kind.__getitem__

    def reader():
        frame = sys._getframe(2)
        while frame is not None and os.path.basename(frame.f_code.co_filename) in ("os.py", "_collections_abc.py", "<frozen os>", "<frozen _collections_abc>"):
            frame = frame.f_back
        return (frame.f_code.co_filename, frame.f_globals.get("__name__", "")) if frame is not None else ("", "")

    def getitem(self, key):
        path, module = reader()
        mine = path.startswith(folder + os.sep) and path not in ours
        try:
            value = plain(self, key)
        except KeyError:
            if mine:
                reads.append([key, None, module])
            raise
        if mine:
            reads.append([key, value, module])
        return value

    kind.__getitem__ = getitem


async def _serve(app, request, out, events):
    import httpx

    stand_in = RedisStandIn(asyncio.open_connection)
    asyncio.open_connection = stand_in.open_connection
    try:
        import redis.asyncio.connection as redis_connection

        if getattr(redis_connection, "open_connection", None):
            redis_connection.open_connection = stand_in.open_connection
    except ImportError:
        pass
    out["connections"] = stand_in.connections
    receive, send = asyncio.Queue(), asyncio.Queue()
    state = {}
    scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": state}
    lifespan = asyncio.ensure_future(app(scope, receive.get, send.put))
    await receive.put({"type": "lifespan.startup"})
    answer = await _answer(lifespan, send)
    if answer is not None and answer["type"] != "lifespan.startup.complete":
        raise RuntimeError("startup: %s" % answer.get("message", "")[-600:])
    events.append(["up", "" if answer is not None else "no lifespan"])
    out["phase"] = "requests"
    out["state"] = {name: repr(value)[:TEXT_LIMIT] for name, value in state.items()}
    transport = httpx.ASGITransport(app=_with_state(app, state), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        paths = list(request.get("requests", ()))
        for path in paths + await _documented(client, app):
            if path not in out["answers"]:
                method, _, where = path.rpartition(" ")
                response = await client.request(method or "GET", where)
                out["answers"][path] = [response.status_code, response.text[:TEXT_LIMIT * (50 if "/metrics" in path else 1)]]
    events.append(["down", ""])
    out["phase"] = "stop"
    if answer is not None:
        await receive.put({"type": "lifespan.shutdown"})
        last = await _answer(lifespan, send)
        if last is None or last["type"] != "lifespan.shutdown.complete":
            raise RuntimeError("shutdown: %s" % (last or {}).get("message", "")[-600:])
        await asyncio.wait_for(lifespan, 10)


def _with_state(app, state):
    async def called(scope, receive, send):
        if state:
            scope["state"] = dict(state)
        await app(scope, receive, send)

    return called


async def _answer(lifespan, send):
    """The next message of the lifespan; None for an application that has none."""
    got = asyncio.ensure_future(send.get())
    await asyncio.wait({got, lifespan}, return_when=asyncio.FIRST_COMPLETED, timeout=15)
    if got.done():
        return got.result()
    got.cancel()
    if lifespan.done():
        if lifespan.exception() is not None:
            raise lifespan.exception()
        return None
    raise RuntimeError("the lifespan does not answer")


async def _documented(client, app):
    """The GET routes of the OpenAPI document, with something in the place of each parameter."""
    import re

    url = getattr(app, "openapi_url", None)
    if not url:
        return []
    response = await client.get(url)
    try:
        paths = response.json().get("paths", {})
    except ValueError:  # another route has its place
        return []
    return [re.sub(r"{[^}]*}", "1", path) for path, verbs in paths.items() if "get" in verbs]


def _settings(folder, ours, out):
    """The values of every settings object of the project, and which object our modules have."""
    try:
        from pydantic_settings import BaseSettings
    except ImportError:
        try:
            from pydantic import BaseSettings
        except Exception:
            return
    objects = {}
    for name, module in list(sys.modules.items()):
        path = getattr(module, "__file__", None) or ""
        if not path.startswith(folder + os.sep):
            continue
        for attribute, value in list(vars(module).items()):
            if isinstance(value, BaseSettings):
                objects[id(value)] = value
                out["instances"].append([name, attribute, id(value), path in ours])
                if path not in ours:
                    dump = value.model_dump() if hasattr(value, "model_dump") else value.dict()
                    out["settings"]["%s.%s" % (name, attribute)] = {key: _plain(one) for key, one in dump.items()}
            elif callable(value) and path in ours and getattr(value, "__module__", "").split(".")[0] and attribute.startswith("get_"):
                owner = sys.modules.get(getattr(value, "__module__", ""), None)
                where = getattr(owner, "__file__", None) or ""
                if where.startswith(folder + os.sep) and where not in ours and "settings" in attribute:
                    out["instances"].append([name, attribute, id(value), True])


def _plain(value):
    return value.get_secret_value() if hasattr(value, "get_secret_value") else repr(value)


def _try_import(name):
    module, _, attribute = name.partition(":")
    try:
        found = importlib.import_module(module)
        for one in filter(None, attribute.split(".")):
            found = getattr(found, one)
        return ""
    except BaseException as error:
        return "%s: %s" % (type(error).__name__, error)


def report_in_child(request):
    """The report as JSON bytes, from a fork of this process; None without an answer in time."""
    import select
    import signal
    import time

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
    parts = []
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


def preload(names):
    """Imports what applications import, once; what is not installed is left to the shapes that need it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in names:
            try:
                importlib.import_module(name)
            except Exception:  # an old version of one that is not needed here
                pass
    # What stays for ever is not looked at again, so that the forks keep sharing it
    gc.collect()
    gc.freeze()


def serve():
    """Answers requests, one a line, each in a fork of this process."""
    preload(json.loads(sys.stdin.readline()))
    for line in sys.stdin:
        report = report_in_child(json.loads(line))
        sys.stdout.write((report or b"").decode() + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    if "--serve" in sys.argv:
        serve()
    else:
        print("\n@@JSON@@" + json.dumps(observe(json.load(sys.stdin)), default=str))
