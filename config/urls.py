"""Every address that Brigade answers to."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from config import pages
from realtime import pages as screens

urlpatterns = [
    path("", pages.home, name="home"),
    path("login/", pages.SignIn.as_view(), name="login"),
    path("logout/", pages.sign_out, name="logout"),
    path("restaurant/", pages.choose_restaurant, name="restaurant"),
    path("kitchen/", screens.board, name="kitchen"),
    path("admin/", admin.site.urls),
    path("api/", include("config.api")),
]

handler400 = "config.problems.bad_request"
handler500 = "config.problems.server_error"
