"""`python -m tests.flows.evening http://127.0.0.1:8000`: play the evening on a server that `manage.py up` serves.

The sample restaurants must be there (`manage.py seed_demo`), and nobody at work in them.
"""

from __future__ import annotations

import asyncio
import sys

from tests.flows.evening.story import play

if __name__ == "__main__":
    asyncio.run(play(sys.argv[1].rstrip("/") if len(sys.argv) > 1 else "http://127.0.0.1:8000"))
