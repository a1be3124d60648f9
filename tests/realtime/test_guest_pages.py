"""The guests' pages: served to anybody, with nothing of anybody in them."""

from __future__ import annotations

import re

import pytest
from django.test import Client


@pytest.mark.parametrize("path", ["/t/", "/o/"])
def test_page_is_served_to_anybody(path: str) -> None:
    response = Client().get(path)

    assert response.status_code == 200
    assert "Your orders" in response.text
    assert (response["Referrer-Policy"], "csrfmiddlewaretoken" in response.text) == ("no-referrer", False)


@pytest.mark.parametrize("path", ["/t/", "/o/", "/q/"])
def test_page_keeps_the_policy_and_needs_no_other_host(path: str) -> None:
    response = Client().get(path)

    assert "script-src 'self'" in response["Content-Security-Policy"]
    assert not re.search(r"https?:|<style|\sstyle=|\son\w+=", response.text)
    assert re.findall(r"<script(?! id=\"[\w-]+\" type=\"application/json\")[^>]*>", response.text) == [
        '<script type="module" src="/static/realtime/guest.js">'
    ]


def test_page_speaks_the_readers_language() -> None:
    assert "Ihre Bestellungen" in Client().get("/t/", headers={"accept-language": "de"}).text


@pytest.mark.parametrize("page", ["t", "o", "q"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_token_is_moved_behind_the_hash_when_it_comes_in_the_path(page: str, slash: str) -> None:
    response = Client().get(f"/{page}/tbl_WzEsIm4iXQ:1abc:x-_9{slash}")

    assert (response.status_code, response["Location"]) == (302, f"/{page}/#tbl_WzEsIm4iXQ:1abc:x-_9")


@pytest.mark.parametrize("path", ["/t/<script>/", "/t/a/b/", "/x/tbl_a/", "/t/" + "a" * 201 + "/", "/t//evil.example/"])
def test_no_such_page_when_the_address_holds_no_token(path: str) -> None:
    assert Client().get(path).status_code == 404


@pytest.mark.parametrize("path", ["/t/", "/o/", "/q/"])
def test_page_is_for_reading(path: str) -> None:
    assert Client().post(path).status_code == 405
