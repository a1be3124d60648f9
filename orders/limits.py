"""How often somebody may ask: a bucket of tokens each, which fills at a steady rate and allows a burst.

Buckets are kept in Valkey, so that several processes count together: one script, one round trip. Who asks no faster
than a quarter of what is allowed needs no round trip at all: such requests are granted by the process itself and
counted in Valkey with the first one that is faster. So a limit is exact for whoever comes near it, and somebody who
spreads requests over several processes is granted at most a quarter of a burst more from each. Who was refused is
refused by the process itself until a token is there.

Without Valkey every process counts by itself: a limit is then one for each process, and no request fails.
"""

from __future__ import annotations

import functools
import threading
import time
import zlib
from dataclasses import dataclass
from math import ceil

import redis
import structlog
from django.conf import settings

from orders.actors import Actor
from orders.addresses import network_of
from orders.errors import RateLimited

log = structlog.get_logger(__name__)

MOST_CALLERS = 10_000
QUIET_SHARE = 0.25
ANSWER_SECONDS = 0.25
AWAY_SECONDS = 5.0

# Takes a token and those that are owed; answers with the seconds to wait for one, "0" when it was there.
_TAKE = """
local rate, burst, owed = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = math.min(burst, (tonumber(kept[1]) or burst) + math.max(0, now - (tonumber(kept[2]) or now)) * rate)
tokens = math.max(-burst, tokens - owed)
local wait = 0
if tokens >= 1 then tokens = tokens - 1 else wait = (1 - tokens) / rate end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil(2000 * burst / rate) + 1000)
return tostring(wait)
"""


@dataclass(slots=True)
class Bucket:
    """Tokens that come back at a rate, up to a number."""

    tokens: float
    at: float

    def take(self, now: float, *, rate: float, burst: float) -> float:
        """Take a token; returns 0, or the seconds until there is one."""
        self.tokens = min(burst, self.tokens + (now - self.at) * rate)
        self.at = now
        if self.tokens >= 1:
            self.tokens -= 1
            return 0.0
        return (1 - self.tokens) / rate


@dataclass(slots=True)
class Caller:
    """What this process knows of one caller: what it granted by itself, what Valkey has not counted yet, a refusal."""

    quiet: Bucket
    alone: Bucket
    owed: int = 0
    refused_until: float = 0.0


class Valkeys:
    """The servers that keep the buckets; one that does not answer is left alone for a while."""

    def __init__(self, urls: tuple[str, ...]) -> None:
        self._clients = [
            redis.Redis.from_url(url, socket_timeout=ANSWER_SECONDS, socket_connect_timeout=ANSWER_SECONDS)
            for url in urls
        ]
        self._scripts = [client.register_script(_TAKE) for client in self._clients]
        self._away_until = [0.0] * len(urls)

    def take(self, key: str, *, rate: float, burst: float, owed: int) -> float | None:
        """Take a token; returns the seconds to wait, or None where Valkey can't say."""
        index = zlib.crc32(key.encode("utf-8", "surrogateescape")) % len(self._clients)
        now = time.monotonic()
        if now < self._away_until[index]:
            return None
        try:
            return float(self._scripts[index](keys=[key], args=[rate, burst, owed]))
        except (redis.RedisError, OSError, ValueError) as error:
            self._away_until[index] = now + AWAY_SECONDS
            log.warning("limits_alone", error=repr(error), seconds=AWAY_SECONDS)
            return None


@functools.cache
def _valkeys() -> Valkeys:
    return Valkeys(tuple(settings.REDIS_URLS))


_callers: dict[str, Caller] = {}
_keeping = threading.Lock()


def take(kind: str, key: str | int) -> None:
    """Count a request of somebody: ``kind`` names the limit (``settings.RATE_LIMITS``), ``key`` the caller.

    Raises RateLimited, which says how long to wait.
    """
    rate, burst = settings.RATE_LIMITS[kind]
    if not rate:
        return
    name = f"{kind}:{key}"
    with _keeping:
        now = time.monotonic()
        # Whoever asked last stands last: those are forgotten who have not asked for the longest time.
        caller = _callers[name] = _callers.pop(name) if name in _callers else _newcomer(now, burst)
        if len(_callers) > MOST_CALLERS:
            del _callers[next(iter(_callers))]
        if now < caller.refused_until:
            raise _refusal(caller.refused_until - now)
        # Counted also where Valkey does: when that goes away, nobody begins with a full bucket.
        alone = caller.alone.take(now, rate=rate, burst=burst)
        quiet_burst = max(1.0, burst * QUIET_SHARE)
        if not caller.quiet.take(now, rate=rate * QUIET_SHARE, burst=quiet_burst):
            caller.owed += 1
            return
        owed, caller.owed = caller.owed, 0
    wait = _valkeys().take(f"{settings.LAYER_PREFIX}:limit:{name}", rate=rate, burst=burst, owed=owed)
    if wait is None:
        wait = alone
    if wait:
        caller.refused_until = now + wait
        raise _refusal(wait)


def _newcomer(now: float, burst: float) -> Caller:
    """Begin to count a caller; where there are very many, it may be one who was forgotten, and is granted nothing.

    Its requests are counted in Valkey at once, or where that is away begin with a quarter of the burst.
    """
    quiet = max(1.0, burst * QUIET_SHARE)
    if len(_callers) < MOST_CALLERS:
        return Caller(Bucket(quiet, now), Bucket(burst, now))
    return Caller(Bucket(0.0, now), Bucket(quiet, now))


def _refusal(wait: float) -> RateLimited:
    seconds = max(1, ceil(wait))
    return RateLimited(f"Too many requests. Try again in {seconds} s.", wait_seconds=seconds)


def take_for(actor: Actor, *, address: str) -> None:
    """Count a request of somebody who is known, and calls from an address. Raises RateLimited."""
    if actor.kind == "staff":
        take("staff", actor.user_id or 0)
    elif actor.kind == "device":
        take("device", actor.device_id or 0)
    elif actor.is_guest:
        # Everybody at a table has the same token, and everybody in the room may have the same address.
        token = f"{actor.kind}:{actor.table_id or actor.order_id or actor.customer_id}"
        take("guest", f"{token}@{network_of(address)}")
        # A code that was photographed may be used from many addresses.
        take("token", token)
