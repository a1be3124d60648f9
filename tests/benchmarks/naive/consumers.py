"""The consumer of the naive application: each socket is a member of the group."""

from typing import Any
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.contrib.auth.models import User
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import AccessToken


@database_sync_to_async  # type: ignore[untyped-decorator, unused-ignore]
def user_of(token: str) -> User | None:
    """Return the user of a token, or None."""
    try:
        user_id = AccessToken(token)["user_id"]  # type: ignore[arg-type]
    except (TokenError, KeyError):
        return None
    return User.objects.filter(pk=user_id, is_active=True).first()


class KitchenConsumer(AsyncJsonWebsocketConsumer):
    """A kitchen screen."""

    async def connect(self) -> None:
        """Let a signed-in user into the group."""
        token = parse_qs(self.scope["query_string"].decode()).get("token", [""])[0]
        self.user = await user_of(token)
        if self.user is None:
            await self.close()
            return
        await self.channel_layer.group_add("kitchen", self.channel_name)
        await self.accept()
        await self.send_json({"type": "connected"})

    async def disconnect(self, code: int) -> None:
        """Leave the group."""
        await self.channel_layer.group_discard("kitchen", self.channel_name)

    async def order_created(self, event: dict[str, Any]) -> None:
        """Tell the screen of a new order."""
        await self.send_json({"type": "order_created", "order": event["order"]})

    async def order_updated(self, event: dict[str, Any]) -> None:
        """Tell the screen of a changed order."""
        await self.send_json({"type": "order_updated", "order": event["order"]})
