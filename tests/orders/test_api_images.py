"""Pictures of dishes over REST: put, fetched, replaced, taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.storage import InMemoryStorage, default_storage
from django.db import connection
from django.db.models.signals import post_save
from django.test import Client
from django.test.client import BOUNDARY, encode_multipart

from orders.models import MenuItem
from orders.pictures import MOST_BYTES
from orders.states import Role
from tests.pictures import MULTIPART, opened, picture, put_picture

if TYPE_CHECKING:
    from pathlib import Path

    from tests.callers import House

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def house(transactional_db: None) -> House:
    from tests.callers import open_house  # noqa: PLC0415 - models can be imported once the settings are there

    return open_house()


@pytest.fixture
def foreign(transactional_db: None) -> House:
    from tests.callers import open_house  # noqa: PLC0415

    return open_house()


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def _files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_picture_is_shown_to_everybody_who_has_its_address(house: House, folder: Path) -> None:
    before = house.announced()

    reply = put_picture(house.manager, house.dish.pk, picture("PNG"))

    (name,) = _files(folder)
    assert (reply.status, reply.body["image_url"]) == (200, f"/media/{name}")
    assert house.waiter.get(f"/api/menu-items/{house.dish.pk}").body == reply.body
    assert house.events()[before:] == ["menu-item:updated"]
    fetched = Client().get(reply.body["image_url"])
    assert (fetched.status_code, opened(fetched.content).size) == (200, (40, 20))
    assert fetched["Content-Type"] == "image/webp"
    assert fetched["Cache-Control"] == "public, max-age=31536000, immutable"
    assert fetched["X-Content-Type-Options"] == "nosniff"


def test_name_tells_the_restaurant_and_nothing_else(house: House, folder: Path) -> None:
    put_picture(house.manager, house.dish.pk, picture(), name="../../etc/passwd.php")

    (name,) = _files(folder)
    menu, restaurant_id, file = name.split("/")
    assert (menu, restaurant_id, len(file), file[-5:]) == ("menu", str(house.restaurant.pk), 37, ".webp")


def test_former_picture_is_gone_when_there_is_another(house: House, folder: Path) -> None:
    first = put_picture(house.manager, house.dish.pk, picture()).body["image_url"]
    second = put_picture(house.manager, house.dish.pk, picture()).body["image_url"]

    assert [f"/media/{name}" for name in _files(folder)] == [second]
    gone = Client().get(first)
    assert (gone.status_code, gone["Cache-Control"]) == (404, "no-store")


def test_picture_is_gone_when_it_is_deleted(house: House, folder: Path) -> None:
    put_picture(house.manager, house.dish.pk, picture())
    address, before = f"/api/menu-items/{house.dish.pk}/image", house.announced()

    first, again = [house.manager.delete(address) for _ in range(2)]

    assert [(reply.status, reply.body["image_url"]) for reply in (first, again)] == [(200, None)] * 2
    assert (_files(folder), house.events()[before:]) == ([], ["menu-item:updated"])


def test_picture_is_gone_when_its_dish_is(house: House, folder: Path) -> None:
    put_picture(house.manager, house.dish.pk, picture())

    assert house.manager.delete(f"/api/menu-items/{house.dish.pk}").status == 204
    assert _files(folder) == []


def test_former_picture_stays_when_the_new_one_is_refused(house: House, folder: Path) -> None:
    put_picture(house.manager, house.dish.pk, picture())
    files, before = _files(folder), house.announced()

    reply = put_picture(house.manager, house.dish.pk, b"no picture", name="soup.png")

    assert (reply.status, reply.pointers) == (400, [("/image", "unsupported")])
    assert (_files(folder), house.announced()) == (files, before)


def test_bad_request_when_the_file_is_empty(house: House, folder: Path) -> None:
    reply = put_picture(house.manager, house.dish.pk, b"")

    assert (reply.status, [pointer for pointer, _ in reply.pointers], _files(folder)) == (400, ["/image"], [])


@pytest.mark.parametrize("role", [Role.WAITER, Role.KITCHEN, Role.CASHIER])
def test_forbidden_when_another_role_sends_a_picture(house: House, folder: Path, role: Role) -> None:
    replies = [put_picture(house.caller(role), house.dish.pk, picture())]
    replies.append(house.caller(role).delete(f"/api/menu-items/{house.dish.pk}/image"))

    assert ([reply.status for reply in replies], _files(folder)) == ([403, 403], [])


def test_not_found_when_the_dish_is_another_restaurants(house: House, foreign: House, folder: Path) -> None:
    replies = [put_picture(house.manager, foreign.dish.pk, picture())]
    replies.append(house.manager.delete(f"/api/menu-items/{foreign.dish.pk}/image"))

    assert ([reply.status for reply in replies], _files(folder)) == ([404, 404], [])


def test_too_large_when_the_picture_is(house: House) -> None:
    for content in (b"\xff\xd8\xff" + b"\0" * (MOST_BYTES - 2), b"\0" * (6 * 1024 * 1024)):
        reply = put_picture(house.manager, house.dish.pk, content)

        assert (reply.status, reply.body["code"]) == (413, "too_large")


def test_picture_of_five_mebibytes_is_taken(house: House) -> None:
    content = picture()

    reply = put_picture(house.manager, house.dish.pk, content + b"\0" * (MOST_BYTES - len(content)))

    assert reply.status == 200


@pytest.mark.parametrize("content_type", ["", "application/json", "image/jpeg", "application/x-www-form-urlencoded"])
def test_unsupported_media_type_when_it_is_no_form(house: House, content_type: str) -> None:
    address = f"/api/menu-items/{house.dish.pk}/image"

    reply = house.manager.call("PUT", address, picture(), content_type=content_type)

    assert (reply.status, reply.body["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("form", "pointers"),
    [
        ({}, [("/image", "required")]),
        ({"image": "text"}, [("/image", "invalid")]),
        ({"image": ["a", "b"]}, [("/image", "invalid")]),
        ({"name": "x"}, [("/image", "required"), ("/name", "unknown")]),
        ({"a/b~": "x"}, [("/a~1b~0", "unknown"), ("/image", "required")]),
    ],
)
def test_every_wrong_field_of_the_form_is_named(house: House, form: Any, pointers: list[tuple[str, str]]) -> None:
    body = encode_multipart(BOUNDARY, form)

    reply = house.manager.call("PUT", f"/api/menu-items/{house.dish.pk}/image", body, content_type=MULTIPART)

    assert (reply.status, reply.pointers) == (400, pointers)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"nothing", "multipart/form-data"),
        (b"nothing", "multipart/form-data; boundary=\xff"),
        (b"--x\r\n", "multipart/form-data; boundary=x"),
        (b"--x\r\nContent-Disposition: form-data; name=image; filename=a\r\n\r\n", "multipart/form-data; boundary=x"),
    ],
)
def test_bad_request_when_the_form_is_malformed(house: House, body: bytes, content_type: str) -> None:
    reply = house.manager.call("PUT", f"/api/menu-items/{house.dish.pk}/image", body, content_type=content_type)

    assert reply.status == 400


@pytest.mark.parametrize(
    "path",
    ["menu/1/x.webp", "menu/../secret-key.webp", "menu/1/" + "x" * 5000 + ".webp", "secret", "menu/1/" + "x" * 32],
)
def test_nothing_else_is_served_from_the_storage(house: House, path: str) -> None:
    assert Client().get(f"/media/{path}").status_code == 404


def test_pictures_are_kept_elsewhere_when_the_storage_is_another(house: House, folder: Path, settings: Any) -> None:
    options = {"base_url": "https://pictures.example/"}
    memory = {"BACKEND": "django.core.files.storage.InMemoryStorage", "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "default": memory}

    url = put_picture(house.manager, house.dish.pk, picture()).body["image_url"]

    dish = MenuItem.objects.get()
    assert (url, _files(folder)) == (f"https://pictures.example/{dish.image}", [])
    assert isinstance(default_storage._wrapped, InMemoryStorage)  # type: ignore[attr-defined]
    assert default_storage.exists(dish.image)


def test_unavailable_now_when_the_storage_is_out_of_reach(house: House, folder: Path) -> None:
    (folder / "menu").write_text("a file where the folder would be")

    refused = put_picture(house.manager, house.dish.pk, picture())

    assert (refused.status, refused.body["code"], refused.headers["Retry-After"]) == (503, "unavailable_now", "2")
    assert MenuItem.objects.get().image == ""


def test_picture_is_unavailable_now_when_the_storage_is_out_of_reach(house: House, folder: Path) -> None:
    url = put_picture(house.manager, house.dish.pk, picture()).body["image_url"]
    (folder / "menu").rename(folder / "gone")
    (folder / "menu").write_text("a file where the folder was")

    reply = Client().get(url)

    assert (reply.status_code, reply["Retry-After"], reply["Cache-Control"]) == (503, "2", "no-store")


def test_picture_is_kept_when_nobody_knows_whether_its_dish_shows_it(house: House, folder: Path) -> None:
    def break_off(**_: Any) -> None:
        connection.cursor().execute("SELECT pg_terminate_backend(pg_backend_pid())")

    post_save.connect(break_off, sender=MenuItem)
    try:
        reply = put_picture(house.manager, house.dish.pk, picture())
    finally:
        post_save.disconnect(break_off, sender=MenuItem)

    assert (reply.status, len(_files(folder))) == (503, 1)


def test_dish_loses_its_picture_when_the_storage_is_out_of_reach(house: House, folder: Path) -> None:
    put_picture(house.manager, house.dish.pk, picture())
    (folder / "menu").rename(folder / "gone")
    (folder / "menu").write_text("a file where the folder was")

    answer = house.manager.delete(f"/api/menu-items/{house.dish.pk}/image")

    assert (answer.status, answer.body["image_url"]) == (200, None)
