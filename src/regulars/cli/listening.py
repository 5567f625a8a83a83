"""The socket that a server listens on, bound before anything else is started."""

import errno
import socket
import sys
from ipaddress import ip_address
from typing import Any

from regulars.cli.failures import CommandFailed, ExitCode

BACKLOG = 2048
"""Connections that the kernel keeps waiting while every worker is busy."""


def bound_socket(host: str, port: int) -> socket.socket:
    """A socket that listens on the address; whoever connects before the server is ready waits for it.

    Raises CommandFailed when the address is taken, forbidden or not one of this machine.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise CommandFailed(f"cannot listen on {host}: {error.strerror}", ExitCode.ADDRESS) from error
    family, _, _, _, address = found[0]
    try:
        return _listening(family, address, shared=False)
    except OSError as error:
        raise CommandFailed(_advice(host, port, error), ExitCode.ADDRESS) from error


def bound_sockets(host: str, port: int, count: int) -> list[socket.socket]:
    """Listening sockets for `count` processes: one for each, or one for all where the system cannot do that.

    With a socket each, Linux spreads connections evenly; from a shared one, whoever wakes first takes
    most of them. Raises CommandFailed as `bound_socket` does.
    """
    first = bound_socket(host, port)
    if count == 1 or sys.platform != "linux":
        return [first]
    # The first socket has shown that nobody else listens; sockets that share a port could not tell.
    family, address = first.family, first.getsockname()
    first.close()
    return [_listening(family, address, shared=True) for _ in range(count)]


def _listening(family: int, address: Any, *, shared: bool) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":
            # After a restart, connections of the last server may linger in the kernel for a minute.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        if shared:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(address)
        # Two processes may bind where neither listens yet; the second one to listen finds out.
        listener.listen(BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


def url_of(listener: socket.socket) -> str:
    """The address to type into a browser on this machine."""
    host, port = listener.getsockname()[:2]
    if ip_address(host).is_unspecified:
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _advice(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is taken by another program: choose another one with --port"
    if error.errno == errno.EACCES:
        return f"port {port} needs rights that this user does not have: choose one above 1023 with --port"
    return f"cannot listen on {host}, port {port}: {error.strerror}"
