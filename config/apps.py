"""Registers the house itself, so that Django finds its commands."""

from django.apps import AppConfig


class ConfigApp(AppConfig):
    """The app that carries `manage.py up`."""

    name = "config"
    label = "config"
