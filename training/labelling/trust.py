"""Whose word is taken for a host's name: made once, since reading the certificates takes 20 ms."""

import ssl
from functools import cache

import httpx2


@cache
def trust() -> ssl.SSLContext:
    """Return the certificates of the clients' own choice."""
    return httpx2.create_ssl_context()
