"""Node's packages, installed once beside the benchmark's data and never in the repository."""

from __future__ import annotations

import fcntl
import functools
import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from config.env import BASE_DIR
from tests.benchmarks.contestants.processes import PREPARE_SECONDS

PEER = Path(__file__).parents[1] / "peer"
BARE = Path(__file__).parents[1] / "bare"
DESCRIPTIONS = ("package.json", "package-lock.json", ".npmrc")
OLDEST_NODE = 20
DONE = "installed"


class NodeMissing(Exception):
    """There is no Node, or its packages cannot be had; the text is one line."""


def node() -> str:
    """Return where Node is, as a path; raises NodeMissing."""
    found = shutil.which("node")
    if found is None:
        raise NodeMissing("node is not installed (Debian: apt-get install nodejs npm)")
    said = node_version(found)
    match = re.match(r"v(\d+)\.", said)
    if match is None or int(match[1]) < OLDEST_NODE:
        raise NodeMissing(f"node {OLDEST_NODE} or newer is needed, and {found} is {said or 'broken'}")
    return str(Path(found).resolve())


@functools.cache
def node_version(path: str) -> str:
    """Ask Node for its version; empty when it does not say."""
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return said.stdout.strip()


def locked_version(package: str) -> str:
    """Return the exact version of a package, as the lock file has it."""
    packages = json.loads((PEER / "package-lock.json").read_text())["packages"]
    return str(packages[f"node_modules/{package}"]["version"])


def modules() -> Path:
    """Return the folder ``node_modules`` with exactly what the lock file names; the first call installs it.

    Raises NodeMissing when npm is not there or reaches no registry.
    """
    home = _home()
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock:
        # Two benchmarks at once would install into each other.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / DONE).exists():
            _install(home)
            (home / DONE).touch()
    return home / "node_modules"


def _home() -> Path:
    """Return the folder for this lock file's packages: another lock file, another folder."""
    digest = hashlib.sha256(b"".join((PEER / name).read_bytes() for name in DESCRIPTIONS)).hexdigest()[:12]
    return BASE_DIR / os.environ.get("BRIGADE_HOME", "var") / "bench" / f"node-{digest}"


def _install(home: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise NodeMissing("npm is not installed (Debian: apt-get install npm)")
    for name in DESCRIPTIONS:
        shutil.copy(PEER / name, home / name)
    command = [npm, "ci", "--ignore-scripts", "--prefer-offline", "--no-progress", "--loglevel=error"]
    try:
        done = subprocess.run(command, cwd=home, capture_output=True, text=True, timeout=PREPARE_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise NodeMissing(f"npm ci did not end within {PREPARE_SECONDS:.0f} s") from error
    if done.returncode:
        complaints = [line.strip() for line in done.stderr.splitlines() if "error" in line.lower()]
        raise NodeMissing(f"npm ci cannot install the packages: {'; '.join(complaints[:2]) or 'it does not say why'}")


def program(folder: Path, target: Path) -> Path:
    """Put a program's sources beside its packages, where Node finds both; return its folder."""
    target.mkdir(parents=True, exist_ok=True)
    shutil.copytree(folder, target / "src", dirs_exist_ok=True)
    shutil.copy(PEER / "package.json", target)
    link = target / "node_modules"
    link.unlink(missing_ok=True)
    link.symlink_to(modules(), target_is_directory=True)
    return target / "src"


def missing() -> str | None:
    """Say in one line what a Node contestant lacks on this machine, or None."""
    try:
        node()
        modules()
    except (NodeMissing, OSError) as error:
        return str(error)
    return None
