"""The listening side: limits on connections and headers, and a port that says when it is taken."""

import asyncio
import errno
import socket
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from omp.domain.errors import PortTaken

MAX_CONNECTIONS = 200
FIRST_REQUEST_S = 10.0
"""Seconds a fresh connection may take to send its first request line and headers."""
KEEP_ALIVE_S = 30
MAX_HEADER_BYTES = 32_768


class ImpatientProtocol(H11Protocol):
    """HTTP/1.1 that closes a connection which opens and then says nothing."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._patience = self.loop.call_later(FIRST_REQUEST_S, self._give_up)

    def _give_up(self) -> None:
        if getattr(self, "cycle", None) is None and not self.transport.is_closing():
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._patience.cancel()
        super().connection_lost(exc)


def listen(host: str, port: int) -> socket.socket:
    """Bind the port now, so that a taken one is a clear message and not a stack trace.

    Raises:
        PortTaken: If another program listens there, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host.strip("[]"), port))
    except OSError as error:
        listener.close()
        if error.errno in (errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL):
            raise PortTaken(
                f"cannot listen on {host}:{port}: {error.strerror}",
                allowed="a free port on an address of this machine",
                remedy="stop the other program, or set [api] port in dashboard/omp_config.toml",
            ) from None
        raise
    listener.listen(128)
    listener.set_inheritable(False)
    return listener


class Server(uvicorn.Server):
    """A server that tells the application when it goes down, before it waits for open answers."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        getattr(self.config.app, "close", lambda: None)()
        await super().shutdown(sockets)


def make_server(app: Any) -> uvicorn.Server:
    """A server with this product's limits; run it outside the main thread, which owns signals."""
    config = uvicorn.Config(
        app,
        http=ImpatientProtocol,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        lifespan="off",
        limit_concurrency=MAX_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_S,
        h11_max_incomplete_event_size=MAX_HEADER_BYTES,
        timeout_graceful_shutdown=3,
    )
    return Server(config)


def serve(server: uvicorn.Server, listener: socket.socket) -> None:
    """Serve until `server.should_exit`; runs its own event loop in the calling thread."""
    asyncio.run(server.serve(sockets=[listener]))
