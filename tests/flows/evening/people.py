"""Whoever has a part in the evening, and talks to the server over the network alone."""

from __future__ import annotations

import asyncio
import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

PASSWORD = "brigade-demo"


@dataclass
class Answer:
    """What the server said."""

    status: int
    body: Any
    headers: dict[str, str]

    @property
    def code(self) -> Any:
        """The code of a refusal."""
        return self.body.get("code") if isinstance(self.body, dict) else None

    def problem(self, status: int, code: str) -> Answer:
        """Check that it is this refusal, as problem+json."""
        assert (self.status, self.code) == (status, code), (self.status, self.body)
        assert self.headers["content-type"] == "application/problem+json"
        assert {"type", "title", "status", "detail", "code", "errors"} <= set(self.body)
        return self


@dataclass
class Person:
    """Somebody with a token (or none), and the name under which history remembers them."""

    url: str
    token: str = ""
    name: str = ""

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Send a request and return the answer, whatever it is; headers are named as in Python."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        return await asyncio.to_thread(self._ask, method, path, body, sent)

    def _ask(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Answer:
        at = urlsplit(self.url)
        kind = http.client.HTTPSConnection if at.scheme == "https" else http.client.HTTPConnection
        connection = kind(at.netloc, timeout=30)
        try:
            content = None
            if body is not None:
                content, headers = json.dumps(body).encode(), headers | {"Content-Type": "application/json"}
            connection.request(method, path, content, headers)
            response = connection.getresponse()
            raw = response.read()
        finally:
            connection.close()
        told = {name.lower(): value for name, value in response.getheaders()}
        is_json = "json" in told.get("content-type", "")
        return Answer(response.status, json.loads(raw) if is_json and raw else raw, told)

    async def done(self, method: str, path: str, body: Any = None, status: int = 200, **headers: str) -> Any:
        """Send what must succeed, and return the body of the answer."""
        answer = await self.ask(method, path, body, **headers)
        assert answer.status == status, (method, path, answer.status, answer.body)
        return answer.body

    async def rows(self, path: str) -> list[dict[str, Any]]:
        """Return a whole list, page by page."""
        found: list[dict[str, Any]] = []
        following: str | None = path
        while following:
            page = await self.done("GET", following)
            found += page["results"]
            at = urlsplit(page["next"]) if page["next"] else None
            following = f"{at.path}?{at.query}" if at else None
        return found


async def sign_in(url: str, username: str, name: str) -> Person:
    """Sign a sample user in."""
    nobody = Person(url)
    tokens = await nobody.done("POST", "/api/auth/token", {"username": username, "password": PASSWORD})
    return Person(url, tokens["access"], name)
