"""Runs Django behind an ASGI server with one change of thread per request."""

from typing import Any

import django
from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler


class OneThreadHandler(ASGIHandler):
    """Django's handler, with all middleware and the view in one go on the request's own thread.

    Django itself goes to that thread and back for each middleware, which is most of what a small request costs
    (measured: 2 ms of 4). Nothing here is asynchronous behind Django: what waits is an application beside it.
    """

    def load_middleware(self, is_async: bool = False) -> None:  # noqa: FBT002 - Django's signature
        """Build the synchronous chain, and enter it by one step to its thread."""
        super().load_middleware(is_async=False)
        chain: Any = self._middleware_chain  # type: ignore[has-type]
        self._middleware_chain = sync_to_async(chain, thread_sensitive=True)


def django_application() -> OneThreadHandler:
    """Set Django up, and return it as an ASGI application."""
    django.setup(set_prefix=False)
    return OneThreadHandler()
