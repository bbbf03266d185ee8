"""`postgis`: the generated `services/geo.py` and its migrations on a real PostgreSQL with PostGIS."""

import ast
import asyncio
import json
import math
import random
import re
import struct
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg
import pytest
from geoalchemy2 import WKBElement, WKTElement
from sqlalchemy import Column, Index, Integer, MetaData, Select, String, Table, func, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.schema import CreateIndex

from conftest import Projects, free_port, run_python
from postgis_support import Cluster, Migrations, alembic_project, body, load_geo
from seed_examples import postgis as seeds

BERLIN = {"lat": 52.5200, "lng": 13.4050}
POTSDAM = {"lat": 52.39, "lng": 13.06}
POINTS = 200_000


@pytest.fixture(scope="module")
def geo(make_project: Callable[..., Path]) -> ModuleType:
    return load_geo(make_project("postgis"))


@pytest.fixture(scope="module")
def world(cluster: Cluster, geo: ModuleType) -> tuple[str, Table, list[tuple[float, float]]]:
    """A database with 200,000 points all over the earth, and the points: (lng, lat), in the order of their ids."""
    database = cluster.database()
    places = _table(geo)

    async def create() -> None:
        engine = create_async_engine(cluster.url(database))
        async with engine.begin() as connection:
            await connection.run_sync(places.metadata.create_all)
        await engine.dispose()

    asyncio.run(create())
    chance = random.Random(4326)
    points = [(chance.uniform(-180, 180), math.degrees(math.asin(chance.uniform(-1, 1)))) for _ in range(POINTS - 9)]
    points += [(0, 90), (0, -90), (180, 0), (-180, 0), (180, 52), (-180, 52), (10, 50), (20, 50), (10, 60)]
    with psycopg.connect(cluster.dsn(database)) as connection:
        with connection.cursor().copy("COPY places (id, name, location) FROM STDIN") as copy:
            for number, (lng, lat) in enumerate(points):
                copy.write_row((number, "x", f"SRID=4326;POINT({lng!r} {lat!r})"))
        connection.commit()
    cluster.sql(database, "VACUUM ANALYZE places")
    return database, places, points


@pytest.fixture
async def engine(cluster: Cluster, world: Any) -> AsyncIterator[AsyncEngine]:
    made = create_async_engine(cluster.url(world[0]))
    yield made
    await made.dispose()


def _table(geo: ModuleType, name: str = "places") -> Table:
    return Table(
        name,
        MetaData(),
        Column("id", Integer, primary_key=True),
        Column("name", String, nullable=False),
        Column("location", geo.Geography(geometry_type="POINT", srid=4326), index=True, nullable=False),
    )


async def _rows(engine: AsyncEngine, statement: Select[Any]) -> list[Any]:
    async with engine.connect() as connection:
        return list((await connection.execute(statement)).all())


async def _ids(engine: AsyncEngine, table: Table, condition: Any) -> set[int]:
    return {row[0] for row in await _rows(engine, select(table.c.id).where(condition))}


# --- the seeds' examples ---------------------------------------------------------------------------------------------


def _python_blocks(seed: str) -> list[str]:
    """The Python blocks of a seed's section about PostGIS."""
    section = (Path(seeds.__file__).parent / seed).read_text().split("\n## PostGIS\n")[1].split("\n## ")[0]
    return [block.split("```")[0] for block in section.split("```python\n")[1:]]


async def test_examples_of_the_seeds(cluster: Cluster, make_project: Callable[..., Path]) -> None:
    """The examples of the seeds run as printed (the module's path and missing imports aside), all four of them."""
    project = make_project("postgis")
    assert len(seeds.EXAMPLES) == 4
    ran = 0
    for number, seed in enumerate(("extensions.md", "infrastructure.md")):
        model, queries = (source for of, _, source in seeds.EXAMPLES if of == seed)
        printed = [block.replace("core.geo", "services.geo") for block in _python_blocks(seed)]
        assert printed == [model, queries]
        # The block binds each statement to `stmt`: the text is run as it is, statement by statement.
        (project / f"example_{number}.py").write_text(seeds.PREAMBLE + model)
        (project / f"queries_{number}.py").write_text(queries)
        ran += 2
    assert ran == len(seeds.EXAMPLES)
    (project / "run.py").write_text(RUN_EXAMPLES)
    urls = [cluster.url(cluster.database()) for _ in range(2)]
    out = run_python(project, f"import run\nrun.main({urls!r})")
    assert out.splitlines() == ["['near']", "['near', 'far']", "['near', 'far', 'away']"] * 2


RUN_EXAMPLES = """\
import ast
import asyncio
import importlib
from pathlib import Path

from services.geo import point
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine


async def run(number, url):
    module = importlib.import_module(f"example_{number}")
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(module.Base.metadata.create_all)
    async with async_sessionmaker(engine)() as session:
        session.add(module.Location(name="near", location=point(lat=52.5205, lng=13.4)))
        session.add(module.Location(name="far", location="POINT(13.9 52.9)"))
        session.add(module.Location(name="away", location="SRID=4326;POINT(2 48)"))
        await session.commit()
        names = vars(module)
        for node in ast.parse(Path(f"queries_{number}.py").read_text()).body:
            names.pop("stmt", None)
            exec(compile(ast.Module([node], []), "queries", "exec"), names)
            if "stmt" in names:
                print([row.name for row in (await session.scalars(names["stmt"])).all()])
    await engine.dispose()


def main(urls):
    for number, url in enumerate(urls):
        asyncio.run(run(number, url))
"""


# --- queries ---------------------------------------------------------------------------------------------------------


def _vincenty(a: dict[str, float], b: dict[str, float]) -> float:
    """The distance on the WGS 84 spheroid by Vincenty's formula, to compare with."""
    axis, flat = 6378137.0, 1 / 298.257223563
    minor = (1 - flat) * axis
    across = math.radians(b["lng"] - a["lng"])
    u1, u2 = (math.atan((1 - flat) * math.tan(math.radians(p["lat"]))) for p in (a, b))
    lam = across
    for _ in range(100):
        sin_s = math.hypot(
            math.cos(u2) * math.sin(lam),
            math.cos(u1) * math.sin(u2) - math.sin(u1) * math.cos(u2) * math.cos(lam),
        )
        cos_s = math.sin(u1) * math.sin(u2) + math.cos(u1) * math.cos(u2) * math.cos(lam)
        sigma = math.atan2(sin_s, cos_s)
        sin_a = math.cos(u1) * math.cos(u2) * math.sin(lam) / sin_s
        cos2_a = 1 - sin_a**2
        cos_2m = cos_s - 2 * math.sin(u1) * math.sin(u2) / cos2_a
        c = flat / 16 * cos2_a * (4 + flat * (4 - 3 * cos2_a))
        new = across + (1 - c) * flat * sin_a * (
            sigma + c * sin_s * (cos_2m + c * cos_s * (-1 + 2 * cos_2m**2))
        )
        if abs(new - lam) < 1e-12:
            break
        lam = new
    u_sq = cos2_a * (axis**2 - minor**2) / minor**2
    k = (math.sqrt(1 + u_sq) - 1) / (math.sqrt(1 + u_sq) + 1)
    big_a, big_b = (1 + k * k / 4) / (1 - k), k * (1 - 3 * k * k / 8)
    delta = big_b * sin_s * (
        cos_2m
        + big_b / 4 * (cos_s * (-1 + 2 * cos_2m**2) - big_b / 6 * cos_2m * (-3 + 4 * sin_s**2) * (-3 + 4 * cos_2m**2))
    )
    return minor * big_a * (sigma - delta)


async def test_distance(cluster: Cluster, geo: ModuleType, engine: AsyncEngine) -> None:
    """Berlin-Potsdam 27.6 km"""
    berlin = func.ST_GeogFromText(f"SRID=4326;POINT({BERLIN['lng']} {BERLIN['lat']})")
    [(metres,)] = await _rows(engine, select(geo.distance_meters(berlin, **POTSDAM)))
    assert metres == pytest.approx(_vincenty(BERLIN, POTSDAM), abs=0.01)
    assert round(metres / 1000, 1) == 27.6


async def test_radius_and_order(geo: ModuleType, engine: AsyncEngine, world: Any) -> None:
    """radius and order"""
    _, places, points = world
    distance = geo.distance_meters(places.c.location, **BERLIN).label("distance")
    near = geo.distance_within(places.c.location, **BERLIN, radius_meters=300_000)
    rows = await _rows(engine, select(places.c.id, distance).where(near).order_by("distance"))
    expected = sorted(
        (_vincenty(BERLIN, {"lat": lat, "lng": lng}), number)
        for number, (lng, lat) in enumerate(points)
        if abs(lat - 52.52) < 4 and abs(lng - 13.4) < 8
    )
    expected = [(metres, number) for metres, number in expected if metres <= 300_000]
    assert len(expected) > 50
    assert [row.id for row in rows] == [number for _, number in expected]
    assert [row.distance for row in rows] == pytest.approx([metres for metres, _ in expected], abs=0.01)
    # A radius of nothing is the place itself, and a metre reaches across the antimeridian.
    column = places.c.location
    assert await _ids(engine, places, geo.distance_within(column, lat=50, lng=10, radius_meters=0)) == {POINTS - 3}
    both_sides = geo.distance_within(column, lat=52, lng=-180, radius_meters=1)
    assert await _ids(engine, places, both_sides) == {POINTS - 5, POINTS - 4}


async def test_nearest(cluster: Cluster, geo: ModuleType, engine: AsyncEngine, world: Any) -> None:
    """The nearest rows by the index, in the order of their distance: not by looking at every row."""
    database, places, points = world
    near = geo.nearest(places.c.location, **BERLIN)
    statement = select(places.c.id, near.label("meters")).order_by(near).limit(20)
    rows = await _rows(engine, statement)
    everything = sorted(
        (_vincenty(BERLIN, {"lat": lat, "lng": lng}), number)
        for number, (lng, lat) in enumerate(points)
        if abs(lat - 52.52) < 4 and abs(lng - 13.4) < 8
    )[:20]
    assert len(set(row.id for row in rows) & {number for _, number in everything}) >= 19
    assert [row.meters for row in rows] == sorted(row.meters for row in rows)
    assert [row.meters for row in rows] == pytest.approx([meters for meters, _ in everything], rel=0.005)
    compiled = statement.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
    [(plan,)] = cluster.sql(database, f"EXPLAIN (FORMAT JSON, ANALYZE) {compiled}")
    shown = json.dumps(plan)
    assert '"Index Name": "ix_places_location"' in shown and '"Sort"' not in shown, shown
    slow = select(places.c.id).order_by(geo.distance_meters(places.c.location, **BERLIN)).limit(20)
    compiled = slow.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
    [(sorting,)] = cluster.sql(database, f"EXPLAIN (FORMAT JSON, ANALYZE) {compiled}")
    took, before = (result[0]["Execution Time"] for result in (plan, sorting))
    print(f"the 20 nearest of {POINTS}: {took:.1f} ms by nearest(), {before:.0f} ms by distance_meters()")
    assert took < before / 10


async def test_position(cluster: Cluster, geo: ModuleType, engine: AsyncEngine, world: Any) -> None:
    """Latitude and longitude of what was loaded or just made, without Shapely."""
    _, places, points = world
    rows = await _rows(engine, select(places.c.id, places.c.location).where(places.c.id.in_([0, 1, POINTS - 3])))
    found = {row.id: geo.position(row.location) for row in rows}
    assert found == {number: (points[number][1], points[number][0]) for number in (0, 1, POINTS - 3)}
    assert found[POINTS - 3].lat == 50 and found[POINTS - 3].lng == 10
    for query in ("ST_AsEWKB(location::geometry)", "ST_AsBinary(location, 'XDR')", "ST_AsEWKB(ST_Force4D(location::geometry))"):
        [(raw,)] = cluster.sql(world[0], f"SELECT {query} FROM places WHERE id = {POINTS - 3}")
        assert geo.position(WKBElement(bytes(raw))) == (50, 10), query
        assert geo.position(WKBElement(bytes(raw).hex())) == (50, 10), query
    made = geo.point(lat=-1.5, lng=1e-7)
    assert geo.position(made) == (-1.5, 1e-7)
    for written in ("POINT(13.4 52.5)", "SRID=4326;POINT Z (13.4 52.5 1)", "point( 13.4  52.5 )"):
        assert geo.position(written) == geo.position(WKTElement(written)) == (52.5, 13.4)
    [(line,), (empty,)] = cluster.sql(
        world[0], "SELECT ST_AsEWKB(g::geometry) FROM (VALUES ('LINESTRING(1 2, 3 4)'), ('POINT EMPTY')) AS t(g)"
    )
    for wrong in (WKBElement(bytes(line)), WKBElement(bytes(empty)), "LINESTRING(1 2, 3 4)", "POINT EMPTY"):
        with pytest.raises(ValueError, match="point"):
            geo.position(wrong)


async def test_check_postgis(cluster: Cluster, geo: ModuleType, engine: AsyncEngine) -> None:
    """Readiness: it raises where the database has no PostGIS, and in time where it does not answer."""
    async with engine.connect() as connection:
        await geo.check_postgis(connection)
    async with AsyncSession(engine) as session:
        await geo.check_postgis(session)
    plain = create_async_engine(cluster.url(cluster.database()))
    with pytest.raises(ProgrammingError, match="postgis_lib_version"):
        async with plain.connect() as connection:
            await geo.check_postgis(connection)
    await plain.dispose()
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", port := free_port())
    silent = create_async_engine(f"postgresql+asyncpg://postgres@127.0.0.1:{port}/x")
    began = time.monotonic()
    async with AsyncSession(silent) as session:
        with pytest.raises(asyncio.TimeoutError):
            await geo.check_postgis(session, 0.3)
    assert time.monotonic() - began < 2
    await silent.dispose()
    server.close()


def _boxes() -> list[tuple[float, float, float, float]]:
    """33 boxes, (west, south, east, north): small and wide ones, some across the antimeridian, some at a pole."""
    chance = random.Random(33)
    boxes = []
    for width, height in [(1, 1), (10, 5), (60, 20), (150, 40), (200, 30), (300, 90), (340, 10)] * 4:
        west = chance.uniform(-180, 180)
        east = west + chance.uniform(width / 2, width)
        south = chance.uniform(-90, 90 - height)
        boxes.append((west, south, east if east <= 180 else east - 360, south + chance.uniform(height / 2, height)))
    boxes += [(-180, -90, 180, 90), (-180, 60, 180, 90), (10, 50, 20, 60), (-179, -90, 179, -70), (100, -5, 80, 5)]
    return boxes


async def test_boxes(geo: ModuleType, engine: AsyncEngine, world: Any) -> None:
    """33 random boxes on 200,000 points equal to brute force"""
    _, places, points = world
    boxes = _boxes()
    assert len(boxes) == 33
    assert sum(west > east for west, _, east, _ in boxes) > 5
    found = 0
    for west, south, east, north in boxes:
        expected = {
            number
            for number, (lng, lat) in enumerate(points)
            if south <= lat <= north and (west <= lng <= east if west <= east else lng >= west or lng <= east)
        }
        box = geo.bbox_filter(places.c.location, west=west, south=south, east=east, north=north)
        assert await _ids(engine, places, box) == expected, (west, south, east, north)
        found += len(expected)
    assert found > POINTS


async def test_edges_belong_to_the_box(geo: ModuleType, engine: AsyncEngine, world: Any) -> None:
    """A box holds its corners and edges, and may be a line or a point."""
    _, places, _ = world
    ids = {"corner": POINTS - 3, "east": POINTS - 2, "north": POINTS - 1}

    async def inside(**box: float) -> set[int]:
        return await _ids(engine, places, geo.bbox_filter(places.c.location, **box))

    assert set(ids.values()) <= await inside(west=10, south=50, east=20, north=60)
    assert await inside(west=10, south=50, east=10, north=50) == {ids["corner"]}
    assert await inside(west=10, south=50, east=20, north=50) == {ids["corner"], ids["east"]}
    assert await inside(west=10, south=50, east=10, north=60) == {ids["corner"], ids["north"]}
    assert await inside(west=180, south=52, east=-180, north=52) == {POINTS - 5, POINTS - 4}


async def test_fiji_samoa(cluster: Cluster, geo: ModuleType, engine: AsyncEngine) -> None:
    """the Fiji-Samoa box"""
    places = {"Suva": (178.44, -18.14), "Apia": (-171.77, -13.83), "Nuku'alofa": (-175.2, -21.14), "Sydney": (151, -34)}
    inside = []
    for name, (lng, lat) in places.items():
        here = func.ST_GeogFromText(f"POINT({lng} {lat})", type_=geo.Geography())
        box = geo.bbox_filter(here, west=176, south=-22, east=-171, north=-12)
        if (await _rows(engine, select(box)))[0][0]:
            inside.append(name)
    assert inside == ["Suva", "Apia", "Nuku'alofa"]


@pytest.mark.parametrize("query", ["radius", "box", "wide box", "antimeridian"])
async def test_index_is_used(cluster: Cluster, geo: ModuleType, world: Any, query: str) -> None:
    """the GiST index used (EXPLAIN)"""
    database, places, _ = world
    column = places.c.location
    condition = {
        "radius": lambda: geo.distance_within(column, **BERLIN, radius_meters=10_000),
        "box": lambda: geo.bbox_filter(column, west=13, south=52, east=14, north=53),
        "wide box": lambda: geo.bbox_filter(column, west=-70, south=50, east=70, north=51),
        "antimeridian": lambda: geo.bbox_filter(column, west=176, south=-22, east=-171, north=-12),
    }[query]()
    statement = select(places.c.id).where(condition).compile(
        dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}
    )
    [(plan,)] = cluster.sql(database, f"EXPLAIN (FORMAT JSON, ANALYZE) {statement}")
    assert '"Index Name": "ix_places_location"' in json.dumps(plan), plan
    method = cluster.sql(
        database, "SELECT amname FROM pg_class c JOIN pg_am a ON a.oid = c.relam WHERE relname = 'ix_places_location'"
    )
    assert method == [("gist",)]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("name", ["lat", "lng", "radius_meters", "west", "south", "east", "north"])
def test_what_is_not_a_number(geo: ModuleType, name: str, bad: float) -> None:
    """out-of-range and NaN raise"""
    column = _table(geo).c.location
    if name in ("lat", "lng", "radius_meters"):
        arguments = {**BERLIN, "radius_meters": 10.0, name: bad}
        with pytest.raises(ValueError, match=name):
            geo.distance_within(column, **arguments)
        if name != "radius_meters":
            for helper in (lambda **where: geo.distance_meters(column, **where), geo.point):
                with pytest.raises(ValueError, match=name):
                    helper(**{**BERLIN, name: bad})
    else:
        with pytest.raises(ValueError, match=name):
            geo.bbox_filter(column, **{"west": 13.0, "south": 52.0, "east": 14.0, "north": 53.0, name: bad})


@pytest.mark.parametrize(
    ("name", "bad"),
    [("lat", 90.001), ("lat", -91), ("lng", 180.001), ("lng", -181), ("radius_meters", -1), ("west", -180.5),
     ("east", 190), ("south", -90.5), ("north", 91), ("south", 54)],
)
def test_what_is_out_of_range(geo: ModuleType, name: str, bad: float) -> None:
    """out-of-range and NaN raise"""
    test_what_is_not_a_number(geo, name, bad)


# --- the column and its index ----------------------------------------------------------------------------------------


def test_one_index(geo: ModuleType) -> None:
    """`index=True` makes exactly one index, a GiST index; without it there is none."""
    def ddl(table: Table) -> list[str]:
        return [str(CreateIndex(index).compile(dialect=postgresql.dialect())) for index in table.indexes]

    expected = "CREATE INDEX ix_places_location ON places USING gist (location)"
    places = _table(geo)
    assert ddl(places) == [expected]
    assert ddl(places.to_metadata(MetaData())) == [expected]
    assert ddl(Table("t", MetaData(), Column("location", geo.Geography()))) == []
    named = Table("t", MetaData(), Column("location", geo.Geography()), Index("mine", "location"))
    assert ddl(named) == ["CREATE INDEX mine ON t USING gist (location)"]
    chosen = Index("mine", "location", postgresql_using="spgist")
    assert ddl(Table("t", MetaData(), Column("location", geo.Geography()), chosen)) == [
        "CREATE INDEX mine ON t USING spgist (location)"
    ]
    other = Table("t", MetaData(), Column("name", String, index=True))
    assert ddl(other) == ["CREATE INDEX ix_t_name ON t (name)"]


def test_create_all(cluster: Cluster, world: Any) -> None:
    """`create_all()` works in a database that has no PostGIS yet, and makes one GiST index."""
    assert cluster.indexes(world[0], "places") == ["gist"]


async def test_values(cluster: Cluster, geo: ModuleType, engine: AsyncEngine) -> None:
    """What is written is what is read: `point(...)` puts the longitude first."""
    places = _table(geo, "written")
    async with engine.begin() as connection:
        await connection.run_sync(places.metadata.create_all)
        await connection.execute(places.insert(), {"id": 1, "name": "Berlin", "location": geo.point(**BERLIN)})
        [(read,)] = (await connection.execute(select(places.c.location))).all()
        assert bytes(read.data)[5:] == struct.pack("<dd", BERLIN["lng"], BERLIN["lat"])
        shown = await connection.execute(text("SELECT ST_AsText(location) FROM written"))
        assert [row[0] for row in shown] == ["POINT(13.405 52.52)"]
        await connection.run_sync(places.metadata.drop_all)


def test_the_models_type_check(make_project: Callable[..., Path]) -> None:
    """The seeds' model and queries pass `mypy --strict`."""
    project = make_project("postgis")
    (project / "example.py").write_text(seeds.PREAMBLE + seeds.MODEL)
    (project / "queries.py").write_text(
        "from sqlalchemy import ColumnElement, select\nfrom example import Location\n"
        + re.sub(r"^stmt = ", lambda match: f"statement_{match.start()} = ", seeds.QUERIES, flags=re.MULTILINE)
        + "near: ColumnElement[bool] = distance_within(Location.location, lat=1, lng=2, radius_meters=3)\n"
        "far: ColumnElement[float] = distance_meters(Location.location, lat=1, lng=2)\n"
    )
    run_python(project, "import sys\nfrom mypy import api\nout, err, code = api.run(['--strict', 'queries.py'])\n"
                        "sys.exit(out + err if code else 0)")


# --- migrations ------------------------------------------------------------------------------------------------------

MODELS = """\
from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from services.geo import Geography


class Base(DeclarativeBase):
    pass


class Place(Base):
    __tablename__ = "places"
    __table_args__ = {"comment": "where things are"}

    id: Mapped[int] = mapped_column(primary_key=True)
"""
LOCATION = """\
    location: Mapped[Geography | None] = mapped_column(Geography(geometry_type="POINT", srid=4326), index=True)
"""
PLAIN = """

class IdxEntry(Base):
    __tablename__ = "idx_entries"

    id: Mapped[int] = mapped_column(primary_key=True)
"""

MAKO = '''\
"""${message}

Revision ID: ${up_revision}
Revises: ${down_revision | comma,n}
"""

from alembic import op
import sqlalchemy as sa
${imports if imports else ""}

revision: str = ${repr(up_revision)}
down_revision: str | None = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
'''

SYNC_ENV = '''\
import os

from alembic import context
from sqlalchemy import engine_from_config, pool

from models import Base

config = context.config
config.set_main_option("sqlalchemy.url", os.environ["DATABASE_URL"])
target_metadata = Base.metadata


def run_migrations_offline() -> None:
    """Run migrations in 'offline' mode."""
    context.configure(
        url=config.get_main_option("sqlalchemy.url"),
        target_metadata=target_metadata,
        literal_binds=True,
        dialect_opts={"paramstyle": "named"},
    )

    with context.begin_transaction():
        context.run_migrations()


def run_migrations_online() -> None:
    connectable = engine_from_config(
        config.get_section(config.config_ini_section, {}),
        prefix="sqlalchemy.",
        poolclass=pool.NullPool,
    )

    with connectable.connect() as connection:
        context.configure(connection=connection, target_metadata=target_metadata)

        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    run_migrations_offline()
else:
    run_migrations_online()
'''

ASYNC_ENV = '''\
import asyncio
import os
import sys
from pathlib import Path

from alembic import context
from sqlalchemy import pool
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import async_engine_from_config

sys.path.insert(0, str(Path(__file__).parents[1]))

from models import Base

config = context.config
config.set_main_option("sqlalchemy.url", os.environ["DATABASE_URL"])
target_metadata = Base.metadata


def run_migrations_offline() -> None:
    context.configure(
        url=config.get_main_option("sqlalchemy.url"),
        target_metadata=target_metadata,
        literal_binds=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def do_run_migrations(connection: Connection) -> None:
    context.configure(
        connection=connection, target_metadata=target_metadata, transaction_per_migration=True
    )
    with context.begin_transaction():
        context.run_migrations()


async def run_async_migrations() -> None:
    connectable = async_engine_from_config(
        config.get_section(config.config_ini_section, {}),
        prefix="sqlalchemy.",
        poolclass=pool.NullPool,
    )
    async with connectable.connect() as connection:
        await connection.run_sync(do_run_migrations)
    await connectable.dispose()


if context.is_offline_mode():
    run_migrations_offline()
else:
    asyncio.run(run_async_migrations())
'''

OWN_HOOKS_ENV = '''\
import os

from alembic import context
from sqlalchemy import create_engine

from models import Base

URL = os.environ["DATABASE_URL"]


def include_object(obj, name, type_, reflected, compare_to):
    return not (type_ == "table" and name == "legacy")


def render_item(type_, obj, autogen_context):
    if type_ == "type" and type(obj).__name__ == "Shouted":
        return "sa.String(length=77)"
    return False


def process_revision_directives(context, revision, directives):
    if directives[0].upgrade_ops.is_empty():
        directives[:] = []
    else:
        directives[0].message += " (ours)"


kwargs = {
    "target_metadata": Base.metadata,
    "include_schemas": True,
    "include_object": include_object,
    "render_item": render_item,
    "process_revision_directives": process_revision_directives,
}
if context.is_offline_mode():
    context.configure(url=URL, literal_binds=True, **kwargs)
    with context.begin_transaction():
        context.run_migrations()
else:
    with create_engine(URL).connect() as connection:
        context.configure(connection=connection, **kwargs)
        with context.begin_transaction():
            context.run_migrations()
'''


def _tables(cluster: Cluster, database: str) -> set[str]:
    rows = cluster.sql(database, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return {row[0] for row in rows}


@pytest.mark.parametrize("kind", ["sync", pytest.param("async", marks=pytest.mark.long), "own hooks"])
def test_autogenerate(cluster: Cluster, projects: Projects, kind: str) -> None:
    """autogenerate twice, the second empty; downgrade"""
    env, driver, mako, models = {
        "sync": (SYNC_ENV, "psycopg", MAKO, MODELS + LOCATION + PLAIN),
        # Without `${imports}`: the tool writes the import itself.
        "async": (ASYNC_ENV, "asyncpg", MAKO.replace('${imports if imports else ""}\n', ""), MODELS + LOCATION + PLAIN),
        "own hooks": (
            OWN_HOOKS_ENV, "psycopg", MAKO,
            MODELS.replace("import MetaData", "import String, TypeDecorator") + LOCATION
            + "    name: Mapped[str] = mapped_column(Shouted())\n" + PLAIN.replace("idx_entries", "county"),
        ),
    }[kind]
    if kind == "own hooks":
        shouted = "class Shouted(TypeDecorator[str]):\n    impl = String(77)\n    cache_ok = True\n\n\n"
        models = models.replace("class Base(", shouted + "class Base(")
        # As in the image postgis/postgis: tables of extensions in schemas of their own, two of them on the search path.
        database = cluster.database("postgis", "postgis_topology", "postgis_tiger_geocoder")
        cluster.sql(database, "CREATE TABLE legacy (id int)")
    else:
        database = cluster.database()
    tool = Migrations(cluster, projects, database, env, mako, models)

    tool.run(
        "revision --autogenerate -m first", "upgrade head", "revision --autogenerate -m second", "upgrade head",
        # The project's own hook of `own hooks` empties the list, which Alembic's `check` cannot bear.
        *([] if kind == "own hooks" else ["check"]),
        driver=driver,
    )
    first, second = tool.written("first"), tool.written("second")
    assert first
    upgrade, downgrade = body(first, "upgrade"), body(first, "downgrade")
    assert upgrade.startswith("op.execute('CREATE EXTENSION IF NOT EXISTS postgis')\n")
    assert upgrade.count("create_index") == 1
    assert "spatial_index=False" in upgrade
    assert "drop_table" not in upgrade
    assert "create_table" not in downgrade
    assert first.count("import geoalchemy2\n") == 1
    # A table of the project whose name looks like one of PostGIS's, or is the name of one in another schema.
    other = "county" if kind == "own hooks" else "idx_entries"
    assert f"create_table('{other}'" in upgrade
    assert f"drop_table('{other}'" in downgrade
    if kind == "own hooks":
        assert first.startswith('"""first (ours)')
        assert "sa.String(length=77)" in upgrade

    assert cluster.indexes(database, "places") == ["gist"]
    if kind == "own hooks":
        assert second is None
    else:
        assert second
        assert body(second, "upgrade") == body(second, "downgrade") == "pass"

    offline = tool.run("upgrade head --sql", "downgrade base", driver=driver)
    copy = cluster.database()
    cluster.script(copy, offline)
    assert cluster.indexes(copy, "places") == ["gist"]

    left = _tables(cluster, database)
    assert left == {"alembic_version", "spatial_ref_sys"} | ({"legacy"} if kind == "own hooks" else set())


def test_column_added_later(cluster: Cluster, projects: Projects) -> None:
    """A location added to a table that exists, in a database whose role may not create extensions but has this one."""
    database = cluster.database()
    tool = Migrations(cluster, projects, database, SYNC_ENV, MAKO, MODELS)
    cluster.sql(
        database,
        "CREATE ROLE plain LOGIN",
        f"GRANT ALL ON DATABASE {database} TO plain",
        "GRANT ALL ON SCHEMA public TO plain",
    )
    tool.run("revision --autogenerate -m first", "upgrade head", user="plain")
    first = tool.written("first")
    assert first
    assert "EXTENSION" not in first
    assert "geoalchemy2" not in first
    tool.models(MODELS + LOCATION)
    refused = tool.run("revision --autogenerate -m later", "upgrade head", user="plain", fails=True)
    assert 'permission denied to create extension "postgis"' in refused
    later = tool.written("later")
    assert later
    assert body(later, "upgrade").splitlines()[0] == "op.execute('CREATE EXTENSION IF NOT EXISTS postgis')"
    cluster.sql(database, "CREATE EXTENSION postgis")
    tool.run("upgrade head", "check", user="plain")
    assert cluster.indexes(database, "places") == ["gist"]
    # A column that goes can come back.
    tool.models(MODELS)
    tool.run("revision --autogenerate -m gone", "upgrade head", user="plain")
    assert cluster.indexes(database, "places") == []
    gone = tool.written("gone")
    assert gone
    assert "spatial_index=False" in body(gone, "downgrade")
    assert gone.count("import geoalchemy2\n") == 1
    tool.run("downgrade -1", user="plain")
    assert cluster.indexes(database, "places") == ["gist"]
    tool.run("downgrade -1", user="plain")
    assert cluster.indexes(database, "places") == []


def test_what_is_written_into_env(projects: Projects) -> None:
    """The edit of `env.py` is insertion alone: an import, and a line after each `context.configure(...)`."""
    for env in (SYNC_ENV, ASYNC_ENV, OWN_HOOKS_ENV):
        wired = (alembic_project(projects, env, MAKO) / "migrations/env.py").read_text()
        ast.parse(wired)
        added = [line for line in wired.splitlines() if "configure_migrations" in line]
        assert added[0] == "from services.geo import configure_migrations"
        assert [line.strip() for line in added[1:]] == ["configure_migrations(context.get_context())"] * 2
        # What is left is the file as it was; an empty line may come after the imports.
        rest = [line for line in wired.splitlines() if "configure_migrations" not in line]
        assert [line for line in rest if line] == [line for line in env.splitlines() if line]
        compile(wired, "env.py", "exec")


def test_next_steps(next_steps: Callable[..., str]) -> None:
    """The next steps are right with and without a compose file, and name no command that is not there."""
    printed = next_steps("postgis", "upper")
    assert "2. Build and start in compose: docker compose up -d --build\n3. " in printed
    assert "from app.services.geo import Geography" in printed
    assert "uv run alembic upgrade head" in printed
    printed = next_steps("postgis", "upper", compose=False)
    assert "compose" not in printed
    assert "\n\n\n" not in printed
