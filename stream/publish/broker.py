"""Where the broker is and how to log in there, read out of the configuration and its secrets.

The password comes by reference, from the environment or a file, or inside the URL of a command
line. It lives in one field that no repr shows; everything else speaks of ``address``.
"""

import logging
import os
import ssl
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from engines.errors import ConfigError
from stream.config import MqttConfig
from stream.redaction import hide_login

logger = logging.getLogger(__name__)

PORTS: Final = {"mqtt": 1883, "mqtts": 8883}
EMBEDDED: Final = "embedded"
OFF: Final = "off"
MAX_PORT: Final = 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """A broker that can be connected to.

    Attributes:
        host: Its name or address.
        port: Its port.
        tls: Whether the connection is encrypted and the broker's certificate verified.
        username: Who logs in; None for nobody.
        password: Never shown.
        ca_file: The certificate authority to trust; None for those of the system.
    """

    host: str
    port: int
    tls: bool = False
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None

    @property
    def address(self) -> str:
        """The URL without a login: what logs, errors and records show."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{host}:{self.port}"

    def tls_context(self) -> ssl.SSLContext | None:
        """Return what verifies the broker's certificate and name; None without TLS.

        Raises:
            ConfigError: If the certificate authority's file cannot be read.
        """
        if not self.tls:
            return None
        try:
            return ssl.create_default_context(cafile=self.ca_file)
        except (OSError, ssl.SSLError) as error:
            msg = f"mqtt.ca_file {self.ca_file}: no certificates can be read from it ({error})"
            raise ConfigError(msg) from error


def broker_of(config: MqttConfig, url: str) -> Broker:
    """Return the broker at an address, its password resolved.

    Args:
        config: Where the password and the certificate authority come from.
        url: The address: the configuration's own, an embedded broker's.

    Raises:
        ConfigError: If the URL is wrong, or a secret is missing or given twice.
    """
    parts, port = _split(url)
    tls = parts.scheme == "mqtts"
    if config.ca_file is not None and not tls and not is_loopback(parts.hostname or ""):
        msg = f"mqtt.ca_file is given, but {hide_login(url)} is not encrypted: write mqtts://"
        raise ConfigError(msg)
    username = unquote(parts.username) if parts.username else None
    password = _password(parts, config)
    if password is not None and username is None:
        msg = f"mqtt: a password is given, but no user: write {parts.scheme}://user@host"
        raise ConfigError(msg)
    host = parts.hostname or ""
    if password is not None and not tls and not is_loopback(host):
        logger.warning("the password travels unencrypted to %s: use mqtts://", host)
    return Broker(
        host=host,
        port=port,
        tls=tls,
        username=username,
        password=password,
        ca_file=Path(config.ca_file).expanduser() if config.ca_file and tls else None,
    )


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine, said so plainly that no look-up is needed.

    A name that merely resolves to this machine counts as remote: what it resolves to can change.
    """
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _split(url: str) -> tuple[SplitResult, int]:
    shown = hide_login(url)
    expected = "expected embedded, off, mqtt://[user@]host[:port] or mqtts://[user@]host[:port]"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        # urllib's message quotes what it could not read, which may be a part of the password.
        msg = f"mqtt.url {shown!r}: {expected}"
        raise ConfigError(msg) from None
    if parts.scheme not in PORTS or not parts.hostname or port == 0:
        msg = f"mqtt.url {shown!r}: {expected}"
        raise ConfigError(msg)
    if parts.path.strip("/") or parts.query or parts.fragment:
        msg = (
            f"mqtt.url {shown!r}: nothing may follow the port (topics start with the profile's "
            "site; a password with / ? or # is written percent-encoded)"
        )
        raise ConfigError(msg)
    return parts, port or PORTS[parts.scheme]


def _password(parts: SplitResult, config: MqttConfig) -> str | None:
    given = {
        "mqtt.url": parts.password,
        "mqtt.password_env": config.password_env,
        "mqtt.password_file": config.password_file,
    }
    named = [key for key, value in given.items() if value is not None]
    if len(named) > 1:
        msg = f"the broker's password is given {len(named)} times: {', '.join(named)}; keep one"
        raise ConfigError(msg)
    if parts.password is not None:
        return unquote(parts.password)
    if config.password_env is not None:
        return _from_environment(config.password_env)
    if config.password_file is not None:
        return _from_file(Path(config.password_file).expanduser())
    return None


def _from_environment(variable: str) -> str:
    try:
        return os.environ[variable]
    except KeyError:
        # Not the name itself: one may have written the password where its name belongs.
        msg = "mqtt.password_env: there is no environment variable of the name it holds"
        raise ConfigError(msg) from None


def _from_file(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as lines:
            return lines.readline().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        msg = f"mqtt.password_file: its first line cannot be read: {reason}"
        raise ConfigError(msg) from None
