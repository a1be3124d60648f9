"""Whether this process lives, and whether it can serve a restaurant."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus

import structlog
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from redis.asyncio import Redis

from config.problems import problem
from realtime.hub import running_hub

log = structlog.get_logger(__name__)

CHECK_SECONDS = 3.0
Check = Callable[[], Awaitable[None]]


class NotReady(Exception):
    """A part that Brigade needs is not there; the message may be shown to anybody."""


@csrf_exempt
async def live(request: HttpRequest) -> HttpResponse:
    """Answer as long as the process answers at all."""
    return _refuse_writes(request) or JsonResponse({"status": "ok"})


@csrf_exempt
async def ready(request: HttpRequest) -> HttpResponse:
    """Answer 200 when every part is there, else 503 with the parts that are not."""
    refused = _refuse_writes(request)
    if refused is not None:
        return refused
    names = list(_CHECKS)
    found = await asyncio.gather(*(_ask(name, _CHECKS[name]) for name in names))
    checks = dict(zip(names, found, strict=True))
    failed = [name for name, state in checks.items() if state != "ok"]
    if not failed:
        return JsonResponse({"status": "ok", "checks": checks})
    detail = f"Not ready: {', '.join(failed)}."
    return problem(
        HTTPStatus.SERVICE_UNAVAILABLE, "not_ready", detail, headers={"Retry-After": "5"}, checks=checks, failed=failed
    )


def _refuse_writes(request: HttpRequest) -> HttpResponse | None:
    if request.method in ("GET", "HEAD"):
        return None
    headers = {"Allow": "GET, HEAD"}
    return problem(HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed", "Only GET and HEAD.", headers=headers)


async def _ask(name: str, check: Check) -> str:
    """Return "ok", or what fails, without the addresses that an exception may carry."""
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await check()
    except NotReady as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - a border: whatever ails a part is what is asked for
        log.warning("not_ready", part=name, error=repr(error))
        return type(error).__name__
    return "ok"


async def _database() -> None:
    def ask() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        finally:
            connection.close()

    await sync_to_async(ask, thread_sensitive=False)()


async def _migrations() -> None:
    def ask() -> None:
        try:
            executor = MigrationExecutor(connection)
            waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
        finally:
            connection.close()
        if waiting:
            message = f"{len(waiting)} not applied"
            raise NotReady(message)

    await sync_to_async(ask, thread_sensitive=False)()


async def _layer() -> None:
    for url in settings.REDIS_URLS:
        client = Redis.from_url(url, socket_connect_timeout=CHECK_SECONDS, socket_timeout=CHECK_SECONDS)
        try:
            await client.execute_command("PING")  # type: ignore[no-untyped-call]
        finally:
            await client.aclose()


async def _hub() -> None:
    """Ask the hub of this event loop; where there is none yet, the first socket starts it."""
    hub = running_hub()
    if hub is not None and not hub.is_well():
        message = "behind its streams"
        raise NotReady(message)


_CHECKS: dict[str, Check] = {"database": _database, "layer": _layer, "migrations": _migrations, "hub": _hub}
