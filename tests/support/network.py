# SPDX-License-Identifier: MIT
"""Abilities of this machine's network."""
import socket


def has_ipv6():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True
