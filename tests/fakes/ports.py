"""Ports that a test may promise to a server before that server listens."""

import random
import socket

# Below the ports that systems give to outgoing connections (Linux: 32768 and up): one of those
# could take a port between the moment it was found free and the moment its server listens.
_RANGE = range(10_000, 32_000)
_chosen = random.SystemRandom()


def free_port() -> int:
    """Return a port that nobody listens on at 127.0.0.1, and that no connection will be given."""
    while True:
        port = _chosen.choice(_RANGE)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
