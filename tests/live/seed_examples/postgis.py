"""The usage blocks of the seeds for `postgis`, as printed but for the module's path.

Each block is (seed, heading, source). What a block takes for granted and does not import
itself stands in PREAMBLE, once.
"""

PREAMBLE = """\
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    pass
"""

MODEL = """\
from services.geo import Geography
from sqlalchemy.orm import Mapped, mapped_column

class Location(Base):
    __tablename__ = "locations"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    location: Mapped[Geography] = mapped_column(
        Geography(geometry_type="POINT", srid=4326),
        index=True,  # Creates GIST index
    )
"""

QUERIES = """\
from services.geo import distance_within, bbox_filter, distance_meters

# Find locations within 100 meters of a point
stmt = select(Location).where(
    distance_within(Location.location, lat=52.52, lng=13.4, radius_meters=100)
)

# Viewport/bounding box query
stmt = select(Location).where(
    bbox_filter(Location.location, west=13.0, south=52.0, east=14.0, north=53.0)
)

# Calculate distance between points
stmt = select(
    Location,
    distance_meters(Location.location, lat=52.52, lng=13.4).label("distance")
).order_by("distance")
"""

# `infrastructure.md` prints the same two blocks with `core.geo` for `services.geo`.
EXAMPLES = [
    ("extensions.md", "Define location fields in models", MODEL),
    ("extensions.md", "Query helpers", QUERIES),
    ("infrastructure.md", "Define location fields in models", MODEL),
    ("infrastructure.md", "Query helpers", QUERIES),
]

# Blocks of the two sections that are no Python, and so are not run here.
LEFT_OUT = [
    ("extensions.md", "paxx ext add postgis", "the command line, tested with the tool"),
    ("extensions.md", "docker compose down && docker compose up -d", "no Docker here; the next steps print it"),
    ("infrastructure.md", "paxx infra add postgis", "the command line, tested with the tool"),
    ("infrastructure.md", "docker compose down && docker compose up -d", "no Docker here; the next steps print it"),
]
