"""Every address that Brigade answers to."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path, re_path

from config import media, pages
from realtime import guest_pages
from realtime import pages as screens

urlpatterns = [
    path("", pages.home, name="home"),
    path("login/", pages.SignIn.as_view(), name="login"),
    path("logout/", pages.sign_out, name="logout"),
    path("restaurant/", pages.choose_restaurant, name="restaurant"),
    path("kitchen/", screens.board, name="kitchen"),
    path("t/", guest_pages.guest, name="table"),
    path("o/", guest_pages.guest, name="tracking"),
    path("q/", guest_pages.order_code, name="order-code"),
    # As they may be typed or linked: with the token in the path.
    re_path(r"^(?P<page>[toq])/(?P<token>[A-Za-z0-9_:.-]{1,200})/?$", guest_pages.behind_the_hash),
    path("admin/", admin.site.urls),
    path("api/", include("config.api")),
    re_path(r"^media/(?P<name>menu/[0-9]{1,19}/[A-Za-z0-9_-]{32}\.webp)$", media.picture),
]

handler400 = "config.problems.bad_request"
handler500 = "config.problems.server_error"
