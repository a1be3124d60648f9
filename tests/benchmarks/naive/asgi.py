"""The naive application: Django, and one consumer."""

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.benchmarks.naive.settings")
django_application = get_asgi_application()

from django.urls import path  # noqa: E402 - Django must be set up first

from tests.benchmarks.naive.consumers import KitchenConsumer  # noqa: E402

_routes = [path("ws/kitchen/", KitchenConsumer.as_asgi())]
application = ProtocolTypeRouter({"http": django_application, "websocket": URLRouter(_routes)})
