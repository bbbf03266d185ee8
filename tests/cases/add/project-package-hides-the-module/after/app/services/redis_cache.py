"""Redis: a cache of JSON values, publish and subscribe, the client itself.

    await cache_set("user:123", {"name": "John"}, expire=3600)
    user = await cache_get("user:123")

    @cached("report:{year}", expire=60)
    async def report(year: int) -> dict[str, int]: ...

    redis = await get_redis()
    await redis.incr("page_views")

The application calls `start_redis()` and `stop_redis()`. Scripts, workers and
tests may do without the start: each event loop gets its client when it first
needs one.

With `CACHE_FAIL_OPEN=true` a cache that is away is an empty one.
"""

import asyncio
import json
import logging
import time
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
)
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, is_dataclass
from datetime import timedelta
from decimal import Decimal
from functools import wraps
from inspect import signature
from typing import Annotated, Any, ParamSpec
from urllib.parse import urlsplit

from fastapi import Depends
from fastapi.encoders import ENCODERS_BY_TYPE, jsonable_encoder
from pydantic import BaseModel
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from app.config import settings

logger = logging.getLogger(__name__)
P = ParamSpec("P")

CONNECT_TIMEOUT = 2
"""Seconds to wait for a connection to Redis."""

COMMAND_TIMEOUT = 5
"""Seconds to wait for an answer, or for a free connection in the pool."""

HEALTH_CHECK_INTERVAL = 30
"""Seconds after which an idle connection is checked."""

RETRY_INTERVAL = 5
"""Seconds between two attempts to reach a Redis that may be away."""


async def cache_get(key: str, default: Any = None) -> Any:
    """Return the value stored under `key`, or `default` if there is none.

    A text that is no JSON, written by somebody else, comes back as it is;
    bytes that are no text come back as surrogates.
    """
    cache = _current()
    text = await cache.run(cache.client.get, cache.prefix + key)
    return default if text is None else from_json(text)


async def cache_set(
    key: str,
    value: Any,
    expire: float | timedelta | None = 3600,
) -> None:
    """Store `value` as JSON under `key`.

    `expire` is in seconds or a `timedelta`; None keeps the value for good.
    """
    cache = _current()
    text, px = to_json(value), _milliseconds(expire)
    await cache.run(cache.client.set, cache.prefix + key, text, px=px)


async def cache_delete(key: str) -> bool:
    """Remove `key`; return whether it was there."""
    cache = _current()
    return bool(await cache.run(cache.client.delete, cache.prefix + key))


async def get_or_set(
    key: str,
    make: Callable[[], Awaitable[Any]],
    expire: float | timedelta | None = 3600,
) -> Any:
    """Return the value stored under `key`; `make` and store it if there is none.

    What comes back has been JSON, also the first time. Calls of this process
    for the same key at the same time share one `make()`, and its error; it
    goes on if one of them is cancelled.
    """
    flights = _current().flights
    flight = flights.get(key)
    if flight is None:
        flight = asyncio.create_task(_get_or_make(key, make, expire))
        flights[key] = flight
        flight.add_done_callback(lambda _: flights.pop(key, None))
    return from_json(await asyncio.shield(flight))


def cached(
    key: str,
    expire: float | timedelta | None = 3600,
) -> Callable[
    [Callable[P, Awaitable[Any]]],
    Callable[P, Coroutine[Any, Any, Any]],
]:
    """Store what an async function returns, as `get_or_set` does.

    The key names the parameters that make a difference, `"user:{user_id}"`;
    `cache_delete("user:123")` forgets one value.
    """

    def decorate(
        function: Callable[P, Awaitable[Any]],
    ) -> Callable[P, Coroutine[Any, Any, Any]]:
        parameters = signature(function)

        @wraps(function)
        async def call(*args: P.args, **kwargs: P.kwargs) -> Any:
            given = parameters.bind(*args, **kwargs)
            given.apply_defaults()
            filled = key.format(**given.arguments)

            def make() -> Awaitable[Any]:
                return function(*args, **kwargs)

            return await get_or_set(filled, make, expire)

        return call

    return decorate


async def publish(channel: str, message: Any) -> int:
    """Send `message` as JSON; return how many subscribers received it."""
    return int(await _current().client.publish(channel, to_json(message)))


@asynccontextmanager
async def subscribe(
    channel: str,
) -> AsyncGenerator[AsyncIterator[Any], None]:
    """Receive what is published on `channel` from entry on.

        async with subscribe("news") as messages:
            async for message in messages:
                ...

    Each subscription has a connection of its own. When that is lost, or Redis
    does not answer for ten seconds (twice `COMMAND_TIMEOUT`), the iteration
    raises `redis.exceptions.ConnectionError`.
    """
    async with _current().subscriber.pubsub() as pubsub:
        await pubsub.subscribe(channel)
        if await pubsub.get_message(timeout=COMMAND_TIMEOUT) is None:
            raise RedisTimeoutError(f"no confirmation of {channel!r}")
        async with aclosing(_messages(pubsub)) as messages:
            yield messages


async def get_redis() -> Redis:
    """Return the client of the running event loop; it decodes to `str`."""
    client: Redis = _current().client
    return client


RedisDependency = Annotated[Redis, Depends(get_redis)]
"""The client for a route: `async def count(redis: RedisDependency)`."""


async def start_redis() -> None:
    """Connect to Redis.

    A wrong URL raises `ValueError`. A server that cannot be reached is only
    logged: the application serves what it can, and later calls try again.
    """
    try:
        await _current().client.ping()
    except _UNAVAILABLE as error:
        logger.warning("REDIS_URL: no connection: %s", error)


async def check_redis(seconds: float = 2.0) -> None:
    """Raise unless Redis answers within `seconds`; for readiness."""
    await asyncio.wait_for(_current().client.ping(), seconds)


async def stop_redis() -> None:
    """Close the connections of the running event loop, if there are any."""
    cache = _caches.pop(asyncio.get_running_loop(), None)
    if cache:
        await cache.closing.aclose()


def to_json(value: Any) -> str:
    """Return the JSON of plain data, models, dataclasses, dates, UUIDs.

    A `Decimal` becomes text, which keeps every digit. Anything else raises
    `TypeError` or `ValueError`.
    """
    return json.dumps(value, default=_encode, allow_nan=False)


def from_json(text: str | bytes) -> Any:
    """Return the value of a JSON text, or the text itself if it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return text


_UNAVAILABLE = (RedisConnectionError, RedisTimeoutError)
_ENCODABLE: tuple[type[Any], ...] = (BaseModel, *ENCODERS_BY_TYPE)


@dataclass
class _Cache:
    """What one event loop uses."""

    client: Any  # a Redis, whose methods the versions type differently
    subscriber: Any
    prefix: str
    fail_open: bool
    away_until: float = 0

    def __post_init__(self) -> None:
        self.flights: dict[str, asyncio.Task[str]] = {}
        # The end of the event loop closes the generators that have begun, and
        # so the connections of tests and scripts that do not call stop_redis().
        self.closing = self._close_at_the_end()
        with suppress(StopIteration):
            self.closing.asend(None).send(None)

    async def _close_at_the_end(self) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            await self.subscriber.aclose()
            await self.client.aclose()

    async def run(
        self,
        command: Callable[..., Awaitable[Any]],
        *args: Any,
        **options: Any,
    ) -> Any:
        """Run a command of the cache; None if Redis is away and may be so.

        Then one call tries again at times, and the others do not wait for it.
        """
        now = time.monotonic()
        if now < self.away_until:
            return None
        if self.away_until:
            self.away_until = now + RETRY_INTERVAL
        try:
            result = await command(*args, **options)
        except _UNAVAILABLE as error:
            if not self.fail_open:
                raise
            logger.warning("cache unavailable: %s", error)
            self.away_until = time.monotonic() + RETRY_INTERVAL
            return None
        self.away_until = 0
        return result


_caches: dict[asyncio.AbstractEventLoop, _Cache] = {}


def _current() -> _Cache:
    loop = asyncio.get_running_loop()
    cache = _caches.get(loop)
    if cache is None:
        for closed in [other for other in _caches if other.is_closed()]:
            del _caches[closed]
        cache = _caches[loop] = _connect()
    return cache


async def _get_or_make(
    key: str,
    make: Callable[[], Awaitable[Any]],
    expire: float | timedelta | None,
) -> str:
    cache, px = _current(), _milliseconds(expire)
    text = await cache.run(cache.client.get, cache.prefix + key)
    if text is None:
        text = to_json(await make())
        await cache.run(cache.client.set, cache.prefix + key, text, px=px)
    return str(text)


def _connect() -> _Cache:
    """Make the clients, which connect when they are first used.

    A command whose connection was lost is sent once more. A subscription is
    not, and takes no connection from the pool of the commands.
    """
    size = settings.redis_max_connections
    lost = RedisConnectionError
    once = Retry(NoBackoff(), 1, supported_errors=(lost,))
    never = Retry(NoBackoff(), 0)
    return _Cache(
        client=_client(
            max_connections=size,
            health_check_interval=HEALTH_CHECK_INTERVAL,
            retry=once,
            retry_on_error=[lost],
        ),
        subscriber=_client(max_connections=2**31, retry=never),
        prefix=settings.cache_key_prefix,
        fail_open=settings.cache_fail_open,
    )


def _client(**options: Any) -> Redis:
    url = settings.redis_url
    pools: Any = BlockingConnectionPool
    try:
        if "@" in "".join(urlsplit(url)[2:]):
            raise ValueError("the password is not percent-encoded")
        pool = pools.from_url(
            url,
            timeout=COMMAND_TIMEOUT,
            socket_connect_timeout=CONNECT_TIMEOUT,
            socket_timeout=COMMAND_TIMEOUT,
            decode_responses=True,
            encoding_errors="surrogateescape",
            **options,
        )
    except ValueError:
        # Without the original error, which may quote parts of the password.
        message = "REDIS_URL is not a valid Redis URL"
        raise ValueError(message) from None
    return Redis.from_pool(pool)


async def _messages(pubsub: Any) -> AsyncGenerator[Any, None]:
    """Yield messages; a silent connection is asked whether it is there."""
    asked = False
    while True:
        message = await pubsub.get_message(timeout=COMMAND_TIMEOUT)
        if message is None:
            if asked:
                raise RedisConnectionError("Redis does not answer")
            await pubsub.ping()
        elif message["type"] == "message":
            yield from_json(message["data"])
        asked = message is None


def _encode(value: Any) -> Any:
    """Encode as FastAPI does, but no unknown object by its attributes."""
    if isinstance(value, _ENCODABLE) or is_dataclass(value):
        return jsonable_encoder(value, custom_encoder={Decimal: str})
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def _milliseconds(expire: float | timedelta | None) -> int | None:
    if expire is None:
        return None
    if isinstance(expire, timedelta):
        expire = expire.total_seconds()
    milliseconds = round(expire * 1000)
    if milliseconds <= 0:
        raise ValueError("expire must be positive")
    return milliseconds
