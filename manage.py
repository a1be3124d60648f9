#!/usr/bin/env python3
"""Run one of Brigade's commands: `manage.py up` serves the restaurant, `manage.py help` lists the rest."""

import os
import sys

# Development servers show their errors in the browser unless DEBUG says otherwise.
DEBUGGING_COMMANDS = ("up", "runserver")
INTERRUPTED = 130


def main(arguments: list[str]) -> None:
    """Run the command that the operator typed."""
    command = arguments[1] if len(arguments) > 1 else "help"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    # Read by config.env: a command may share the key and the database of the `up` beside it.
    os.environ["BRIGADE_COMMAND"] = command
    if command in DEBUGGING_COMMANDS and not os.environ.get("DEBUG"):
        os.environ["DEBUG"] = "true"

    try:
        from django.core.management import execute_from_command_line  # noqa: PLC0415 - needs the environment
        from django.db import OperationalError  # noqa: PLC0415
    except ImportError as error:
        sys.exit(f"brigade: {error}: install Brigade first, as the README says")
    try:
        execute_from_command_line(arguments)
    except OperationalError as error:
        if "--traceback" in arguments:
            raise
        sys.exit(f"brigade: {complaint(error)}")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def complaint(error: Exception) -> str:
    """Say in one line what is the matter with the database, and what helps when there is none."""
    from django.conf import settings  # noqa: PLC0415 - needs the environment

    from config.env import no_database  # noqa: PLC0415

    if settings.DATABASE_URL is None:
        return no_database(settings.BRIGADE_HOME)
    return "the database failed: " + " ".join(str(error).split())


if __name__ == "__main__":
    main(sys.argv)
