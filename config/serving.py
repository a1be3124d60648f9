"""Serves the restaurant with several uvicorn processes that share one listening socket.

`manage.py up` holds the socket and watches over the workers; each worker is this module, run as a program.
"""

import contextlib
import errno
import gc
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import uvicorn

PROJECT = Path(__file__).resolve().parent.parent
BACKLOG = 2048
# A forerunner that was killed a moment ago may not have let go of its port yet.
BIND_SECONDS = 3.0
START_SECONDS = 60.0
POLL_SECONDS = 0.05
# How long requests and sockets have to end; together with the database's share it stays below ten seconds.
GRACE_SECONDS = 4
STOP_SECONDS = 5.5
# What a WebSocket client may say at once, and how a dead one is told from a silent one.
LARGEST_FRAME_BYTES = 64 * 1024
PING_SECONDS = 25.0
PONG_SECONDS = 60.0
KEEP_ALIVE_SECONDS = 30


class ServingError(Exception):
    """The restaurant cannot be served; the text is one line for the operator."""


def listen(host: str, port: int) -> socket.socket:
    """Take the port, so that whoever calls before the workers are up waits instead of being refused.

    Raises ServingError when it is taken or the host is not ours.
    """
    try:
        # Of a name with both kinds of address, the older one: it is what most clients try first.
        found = sorted(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM), key=lambda entry: entry[0])
    except socket.gaierror as error:
        raise ServingError(f"{host} is no address of this machine ({error.strerror})") from error
    family, _, _, _, address = found[0]
    deadline = time.monotonic() + BIND_SECONDS
    while True:
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
            listener.listen(BACKLOG)
        except OSError as error:
            listener.close()
            if error.errno == errno.EADDRINUSE and time.monotonic() < deadline:
                time.sleep(POLL_SECONDS)
                continue
            raise ServingError(f"cannot listen on {host} port {port}: {os.strerror(error.errno or 0)}") from error
        return listener


@dataclass
class Worker:
    """One server process."""

    process: subprocess.Popen[bytes]
    # Gives one byte when the worker serves, and ends when it dies.
    ready: int
    is_ready: bool = False


class Workers:
    """The server processes of one `up`: started, replaced when they die, and ended together."""

    def __init__(self, listener: socket.socket, count: int) -> None:
        """Take the socket to serve on."""
        self.listener = listener
        self.count = count
        self.workers: list[Worker] = []
        # Nobody writes to it: that its other end closes tells the workers that we are gone, however we went.
        self._life_read, self._life_write = os.pipe()

    def start(self) -> None:
        """Start the workers and wait until all serve.

        Raises ServingError when one ends before it served.
        """
        self.workers = [self._spawn() for _ in range(self.count)]
        deadline = time.monotonic() + START_SECONDS
        while not all(self._serves(worker) for worker in self.workers):
            if time.monotonic() > deadline:
                raise ServingError(f"the server is not up after {START_SECONDS:.0f} s")
            time.sleep(POLL_SECONDS)

    def replace_dead(self) -> list[int]:
        """Put a new worker in the place of each that died; return the dead ones' process ids.

        Raises ServingError when one ended before it served: the next would, too.
        """
        dead = []
        for place, worker in enumerate(self.workers):
            if self._serves(worker) and worker.process.poll() is not None:
                dead.append(worker.process.pid)
                os.close(worker.ready)
                self.workers[place] = self._spawn()
        return dead

    def stop(self) -> None:
        """End all workers: they close their sockets with 1012 and finish what they are at, in bounded time."""
        self.listener.close()
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for worker in self.workers:
            try:
                worker.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()
            os.close(worker.ready)
        self.workers = []
        os.close(self._life_read)
        os.close(self._life_write)

    def _spawn(self) -> Worker:
        ready_read, ready_write = os.pipe()
        os.set_blocking(ready_read, False)
        # A worker is no command: it serves by the settings of a server.
        environment = {name: value for name, value in os.environ.items() if name != "BRIGADE_COMMAND"}
        descriptors = (self.listener.fileno(), ready_write, self._life_read)
        process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "config.serving", *(str(descriptor) for descriptor in descriptors)],
            cwd=PROJECT,
            env=environment,
            pass_fds=descriptors,
            stdin=subprocess.DEVNULL,
            # Ctrl-C is for us, who then end the workers in order.
            start_new_session=True,
        )
        os.close(ready_write)
        return Worker(process, ready_read)

    def _serves(self, worker: Worker) -> bool:
        """Tell whether a worker has begun to serve; raise if it never will."""
        if not worker.is_ready:
            with contextlib.suppress(BlockingIOError):
                worker.is_ready = bool(os.read(worker.ready, 1))
                if not worker.is_ready:
                    raise ServingError("the server ended before it served")
        return worker.is_ready


class WorkerServer(uvicorn.Server):
    """uvicorn's server, which says when it serves."""

    def __init__(self, config: uvicorn.Config, ready: int) -> None:
        """Take where to say it."""
        super().__init__(config)
        self.ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve, and say so."""
        settle()
        await super().startup(sockets)
        os.write(self.ready, b"1")


def settle() -> None:
    """Load what the first request would load, and spare the garbage collector all that stays for good.

    A full collection looks at every object of the process, 160,000 before the first screen has come: some 100 ms in
    which nobody is served. What is frozen is not looked at again.
    """
    from django.urls import get_resolver  # noqa: PLC0415 - Django is set up by the application, which is loaded later

    assert get_resolver().url_patterns
    gc.collect()
    gc.freeze()


def configuration() -> uvicorn.Config:
    """Describe to uvicorn how Brigade is served."""
    return uvicorn.Config(
        "config.asgi:application",
        loop="auto",
        http="httptools",
        ws="realtime.serving:FrameProtocol",
        ws_max_size=LARGEST_FRAME_BYTES,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PONG_SECONDS,
        # Deflating each frame for each screen costs more than the bytes it saves on a restaurant's network.
        ws_per_message_deflate=False,
        # The hub starts when the first screen joins: not every server that runs Brigade does lifespan.
        lifespan="off",
        log_config=None,
        access_log=False,
        # Whose word counts is TRUSTED_PROXIES (config.proxies): by default uvicorn believes this whole machine.
        proxy_headers=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


def end_with(life: int) -> None:
    """Wait for the end of `up`, and end this worker then: gracefully, and if that takes too long, at once."""
    while os.read(life, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(STOP_SECONDS)
    os._exit(1)


def main(listener: int, ready: int, life: int) -> None:
    """Serve on an open socket until told to end."""
    threading.Thread(target=end_with, args=(life,), name="life", daemon=True).start()
    WorkerServer(configuration(), ready).run(sockets=[socket.socket(fileno=listener)])


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:4]))
