"""Registers the house itself, so that Django finds its commands."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class ConfigApp(AppConfig):
    """The app that carries `manage.py up`."""

    name = "config"
    label = "config"


class BrigadeAdmin(AdminConfig):
    """Django's admin, with the house's own door."""

    default_site = "config.admin.BrigadeSite"
