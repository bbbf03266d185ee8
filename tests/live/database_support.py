"""What the tests of `search` and `vector` share: the generated module, its plans, and an Alembic project."""

import asyncio
import importlib.util
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from conftest import free_port
from postgis_support import Cluster
from sqlalchemy import MetaData, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

ENV = """\
import os

from alembic import context
from models import Base
from sqlalchemy import create_engine, pool


def run_migrations_online() -> None:
    engine = create_engine(os.environ["DATABASE_URL"], poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=Base.metadata)
        with context.begin_transaction():
            context.run_migrations()


run_migrations_online()
"""
MAKO = """\
from alembic import op
import sqlalchemy as sa
${imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
"""


def load(project: Path, name: str) -> ModuleType:
    """A generated module, as `generated_{name}`, with the project's own settings."""
    for known in [known for known in sys.modules if known == "settings" or known.startswith("services")]:
        del sys.modules[known]
    sys.path.insert(0, str(project))
    try:
        spec = importlib.util.spec_from_file_location(f"generated_{name}", project / "services" / f"{name}.py")
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules[f"generated_{name}"] = module
        spec.loader.exec_module(module)
        return module
    finally:
        sys.path.remove(str(project))


@asynccontextmanager
async def tables(cluster: Cluster, driver: str, metadata: MetaData) -> AsyncIterator[AsyncEngine]:
    """An engine on a new database with these tables."""
    engine = create_async_engine(cluster.url(cluster.database(), driver))
    try:
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
        yield engine
    finally:
        await engine.dispose()


@asynccontextmanager
async def silent() -> AsyncIterator[AsyncEngine]:
    """An engine on a server that takes connections and says nothing."""
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", port := free_port())
    engine = create_async_engine(f"postgresql+asyncpg://postgres@127.0.0.1:{port}/x")
    yield engine
    await engine.dispose()
    server.close()


async def explain(engine: AsyncEngine, connection: Any, statement: Any) -> str:
    """The plan of a statement where an index is taken whenever there is one that fits."""
    compiled = statement.compile(engine.sync_engine, compile_kwargs={"literal_binds": True})
    await connection.execute(text("SET LOCAL enable_seqscan = off"))
    rows = await connection.execute(text(f"EXPLAIN {compiled}".replace("%%", "%").replace(":", "\\:")))
    return "\n".join(row[0] for row in rows)
