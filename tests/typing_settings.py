"""The settings as the type checker sees them: it serves nobody, so it needs no environment."""

import os

os.environ.setdefault("DEBUG", "true")
os.environ.setdefault("DATABASE_URL", "postgresql:///brigade")
os.environ.setdefault("SECRET_KEY", "for-the-type-checker-that-signs-nothing")

from config.settings import *  # noqa: F403

# The models of the benchmark's naive application are no part of Brigade, but they are checked like any other.
INSTALLED_APPS = [*INSTALLED_APPS, "tests.benchmarks.naive"]  # noqa: F405
