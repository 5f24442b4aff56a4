"""Addresses without their secrets: what logs, errors, records and topics may show."""

import re
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

HIDDEN = "***"
# Names of query parameters that hold a secret, or who one is, in the addresses of cameras,
# streaming services and signed links.
_SECRET = re.compile(
    r"key|token|pass|pwd|secret|auth|sig|user|login|credential|session|streamid", re.IGNORECASE
)


def redacted(url: str) -> str:
    """Return an address without user, password and the values of key-like query parameters."""
    parts = urlsplit(url)
    netloc = parts.netloc.rpartition("@")[2]
    if not parts.query:
        return urlunsplit((parts.scheme, netloc, parts.path, "", ""))
    query = [
        (name, HIDDEN if _SECRET.search(name) else value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
    ]
    shown = urlencode(query, safe="*/:,@")
    return urlunsplit((parts.scheme, netloc, parts.path, shown, ""))
