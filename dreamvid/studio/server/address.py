"""Address of the page: the port it is served on, and how it is reached."""

import errno
import os
import socket
from ipaddress import ip_address

from dreamvid.errors import PresetError

PORT, PORTS = 8700, 100  # tried one after another where no port is asked for
LOCAL = "127.0.0.1"


def listen(host: str, port: int | None) -> socket.socket:
    """Listen on a port, or without one on the first that is free from PORT on.

    Raises PresetError naming --port or --host.
    """
    for number in [port] if port else range(PORT, PORT + PORTS):
        try:
            return _bind(host, number)
        except OSError as error:
            if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
                cure = "an address of this machine, or 0.0.0.0 for all"
                raise PresetError("--host", f"{host} is not this machine's", cure) from None
            if port:
                raise _refused(port, error) from None
    problem = f"{PORT} to {PORT + PORTS - 1} are all in use"
    raise PresetError("--port", problem, "give a free one")


def _refused(port: int, error: OSError) -> PresetError:
    if error.errno == errno.EADDRINUSE:
        return PresetError("--port", f"{port} is in use", "leave it out to take a free one")
    reason = error.strerror or str(error)
    return PresetError("--port", f"{port} cannot be used: {reason}", "give one above 1023")


def _bind(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    bound = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":  # a port that was just left; on Windows it would be shared
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen(128)
    except OSError:
        bound.close()
        raise
    return bound


def is_every(host: str) -> bool:
    """Tell if a host stands for every address of this machine."""
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False


def names_of(host: str) -> list[str]:
    """List the names by which a studio that listens on this host is reached."""
    if not is_every(host):
        return [host]
    name = socket.gethostname()
    return [name, f"{name}.local"]


def address_of(host: str, port: int, token: str) -> str:
    """Write the page's address, with the token."""
    shown = _outward() if is_every(host) else host
    return f"http://{f'[{shown}]' if ':' in shown else shown}:{port}/?token={token}"


def _outward() -> str:
    """Find this machine's address in its network; nothing is sent."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(("192.0.2.1", 9))  # an address for documentation
            return probe.getsockname()[0]
    except OSError:
        return socket.gethostname()


def tunnel(port: int) -> str | None:
    """Write the ssh command that brings the page to the machine one has logged in from."""
    parts = os.environ.get("SSH_CONNECTION", "").split()
    if len(parts) != 4:
        return None
    user = os.environ.get("USER") or os.environ.get("LOGNAME")
    door = "" if parts[3] == "22" else f"-p {parts[3]} "
    return f"ssh {door}-L {port}:{LOCAL}:{port} {f'{user}@' if user else ''}{parts[2]}"
