"""What a worker does before it serves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
SETTLED = """
import gc
import config.asgi
from config.serving import settle
before = len(gc.get_objects())
settle()
loaded = gc.get_freeze_count()
assert loaded > before > 50_000, (loaded, before)
import kitchen.api.tickets, orders.api.orders  # what the first request needs
assert len(gc.get_objects()) < before / 100, len(gc.get_objects())
"""


def test_collector_is_spared_what_was_loaded_when_a_worker_begins() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", SETTLED], cwd=PROJECT, capture_output=True, text=True, timeout=60, check=False
    )

    assert ran.returncode == 0, ran.stderr
