"""The server that the tests of `mongodb` speak to: SecantusDB, from PyPI.

MongoDB's own server cannot be had from a package here, so none of these tests ran on one. SecantusDB speaks MongoDB's wire protocol on
WiredTiger, MongoDB's storage engine, and says that it is the primary of a replica set: pymongo is the real one, and so are
connections, sessions, cursors, unique indexes, transactions, users and passwords. It has MongoDB's fail points as well, by which a server
closes connections or answers with a code. What it does not show: that MongoDB refuses a transaction to a server without a replica set
(SecantusDB takes it), elections, and how long MongoDB takes for an index.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from conftest import free_port, port_answers, wait_for
from pymongo import AsyncMongoClient


class MongoServer:
    """SecantusDB on a port of its own; `stop()` and `start()` keep the port and the data."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.port = free_port()
        self.folder = folder / f"mongo-{self.port}"
        self.arguments = arguments
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def url(self, login: str = "", options: str = "") -> str:
        return f"mongodb://{login}127.0.0.1:{self.port}/?directConnection=true{options}"

    def start(self) -> None:
        program = shutil.which("secantusd-py", path=str(Path(sys.executable).parent))
        assert program, "secantusdb is not installed"
        self.process = subprocess.Popen(
            [
                program, "--port", str(self.port), "--storage-path", str(self.folder), "--enable-test-commands",
                "--cache-size", "64M", "--log-level", "ERROR", *self.arguments,
            ],
            cwd=self.folder.parent, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        wait_for(lambda: port_answers(self.port), "SecantusDB's start")

    def stop(self) -> None:
        if self.process:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None

    def hang(self) -> None:
        """It keeps its connections, and says nothing."""
        assert self.process
        os.kill(self.process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        assert self.process
        os.kill(self.process.pid, signal.SIGCONT)

    async def ask(self, question: Callable[[AsyncMongoClient[dict[str, Any]]], Awaitable[Any]]) -> Any:
        """What it says to a client that is not the module's."""
        async with AsyncMongoClient(self.url(), timeoutMS=10_000) as client:
            return await question(client)

    async def fail(self, *commands: str, times: int = 1, **data: Any) -> None:
        """Lets commands fail: `closeConnection=True`, `errorCode=11600`, `blockConnection=True, blockTimeMS=500`."""
        point = {"configureFailPoint": "failCommand", "mode": {"times": times}, "data": {"failCommands": list(commands), **data}}
        await self.ask(lambda client: client.admin.command(point))

    async def never_fail(self) -> None:
        await self.ask(lambda client: client.admin.command({"configureFailPoint": "failCommand", "mode": "off"}))

    async def connections(self) -> int:
        """How many others have one, once those that are closing are gone."""
        for _ in range(50):
            status = await self.ask(lambda client: client.admin.command("serverStatus"))
            own = 3  # of the client that asks: one for the question, and two that watch
            others = max(0, int(status["connections"]["current"]) - own)
            if not others:
                break
            await asyncio.sleep(0.1)
        return others
