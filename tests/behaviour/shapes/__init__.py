"""The shapes, one file a family. A file has one or more `Collection`s, or a `collect(seed, long)` that makes shapes."""

from __future__ import annotations

import importlib
import pkgutil

from shape import Collection, Shape


def collect(seed: int, long: bool) -> list[Shape]:
    """Every shape, in the order of its class and name; no name stands twice."""
    found: list[Shape] = []
    for module in sorted(one.name for one in pkgutil.iter_modules(__path__)):
        loaded = importlib.import_module(f"shapes.{module}")
        for value in vars(loaded).values():
            if isinstance(value, Collection):
                found += value.shapes
        if hasattr(loaded, "collect"):
            found += loaded.collect(seed, long)
    names = [one.id for one in found]
    twice = {name for name in names if names.count(name) > 1}
    assert not twice, f"shapes of the same name: {sorted(twice)}"
    return found
