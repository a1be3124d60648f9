"""The project's own benchmark: `manage.py bench`."""
