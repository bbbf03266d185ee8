"""Workers of the components that run jobs, as processes in a project."""

import os
import subprocess
import sys
from pathlib import Path

from conftest import RedisServer, free_port, wait_for


class Runner:
    """A command of the project that runs until it is told to stop."""

    def __init__(self, project: Path, command: list[str], said: str, **env: str) -> None:
        self.project = project
        self.env = {**os.environ, **env}
        self.log = project / f"{Path(command[0]).name}-{free_port()}.log"
        self.process = subprocess.Popen(
            command, cwd=project, env=self.env, stdout=self.log.open("wb"), stderr=subprocess.STDOUT
        )
        wait_for(lambda: said in self.log.read_text() or self.process.poll() is not None, f"`{' '.join(command)}`")
        assert self.process.poll() is None, self.log.read_text()

    def stop(self, seconds: float = 20) -> int:
        """Sends SIGTERM; returns what it exits with."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


def program(name: str) -> str:
    """A program beside this Python."""
    return str(Path(sys.executable).parent / name)


class ArqWorker(Runner):
    """`arq MODULE.WorkerSettings` in the project."""

    def __init__(self, project: Path, target: str, server: RedisServer, **env: str) -> None:
        self.target = target if target.rpartition(".")[2][0].isupper() else f"{target}.WorkerSettings"
        super().__init__(project, self.command(), "redis_version", **{**arq_environment(server), **env})

    def command(self, *options: str) -> list[str]:
        return [program("arq"), self.target, *options]

    def check(self) -> int:
        """What `arq --check` exits with."""
        return subprocess.run(self.command("--check"), cwd=self.project, env=self.env, capture_output=True).returncode


def arq_environment(server: RedisServer) -> dict[str, str]:
    return {"ARQ_REDIS_URL": server.url(1), "REDIS_URL": server.url(0)}


class TaskiqRunner(Runner):
    """`taskiq worker` or `taskiq scheduler` in the project, with these modules of jobs."""

    def __init__(
        self, project: Path, server: RedisServer, kind: str = "worker", *options: str,
        modules: tuple[str, ...] = ("live_jobs",), **env: str,
    ) -> None:  # fmt: skip
        what = "broker" if kind == "worker" else "scheduler"
        more = ("--workers", "1") if kind == "worker" else ()
        command = [program("taskiq"), kind, f"services.taskiq:{what}", "services.jobs", *modules, *options, *more]
        said = "Listening started" if kind == "worker" else "Starting scheduler"
        super().__init__(project, command, said, **{**taskiq_environment(server), **env})


def taskiq_environment(server: RedisServer) -> dict[str, str]:
    return {"TASKIQ_REDIS_URL": server.url(4), "REDIS_URL": server.url(0)}
