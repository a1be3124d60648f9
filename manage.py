#!/usr/bin/env python3
"""Run one of Brigade's commands: `manage.py up` serves the restaurant, `manage.py help` lists the rest."""

import os
import sys

# Development servers show their errors in the browser unless DEBUG says otherwise.
DEBUGGING_COMMANDS = ("up", "runserver")


def main(arguments: list[str]) -> None:
    """Run the command the operator typed, and end in one line where its database cannot be reached."""
    command = arguments[1] if len(arguments) > 1 else "help"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    # Read by config.env: a command may share the key and the database of the `up` beside it.
    os.environ["BRIGADE_COMMAND"] = command
    if command in DEBUGGING_COMMANDS and not os.environ.get("DEBUG"):
        os.environ["DEBUG"] = "true"

    from django.core.management import execute_from_command_line  # noqa: PLC0415 - after the environment is set

    execute_from_command_line(arguments)


if __name__ == "__main__":
    main(sys.argv)
