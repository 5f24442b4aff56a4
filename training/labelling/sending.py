"""Who may be sent pictures of people: whom the user names, for a purpose that is allowed."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from engines.errors import ConfigError
from engines.spec.reading import PolicyNote
from stream import policy
from stream.config import PolicyConfig
from stream.errors import PolicyError
from stream.publish.broker import OFF, is_loopback
from stream.source.redact import redacted
from stream.source.spec import SourceSpec
from training.labelling.errors import UploadError

SCHEMES: Final = ("http", "https")


def recipient(provider: str, base_url: str | None) -> str:
    """Return who would be sent pictures: the provider, or the host that stands in for it.

    Raises:
        ConfigError: If the address is none, or has a login in it.
    """
    if base_url is None:
        return provider
    parts = urlsplit(base_url)
    try:
        host = parts.hostname
    except ValueError:
        host = None
    if parts.scheme not in SCHEMES or not host:
        msg = f"--base-url {redacted(base_url)}: expected http://HOST/... or https://HOST/..."
        raise ConfigError(msg)
    if "@" in parts.netloc or parts.query:
        msg = f"--base-url of {host}: expected no login and no query in it: keys go by --key-file"
        raise ConfigError(msg)
    if parts.scheme == "http" and not is_loopback(host):
        msg = f"--base-url of {host}: pictures and key would go unencrypted: expected https://"
        raise ConfigError(msg)
    return host


def stays_here(base_url: str | None) -> bool:
    """Return whether an address is of this machine: then no proxy is asked either."""
    return base_url is not None and is_loopback(urlsplit(base_url).hostname or "")


def check_sending(
    provider: str,
    base_url: str | None,
    *,
    allowed: Sequence[str],
    declared: PolicyConfig,
    clips: Sequence[SourceSpec],
    what: str = "frames and words",
) -> PolicyNote:
    """Return what is written of the purpose, or refuse.

    Args:
        provider: Who is to label.
        base_url: Its address, if not its usual one.
        allowed: Whom the user allows pictures to be sent to.
        declared: The purpose, and what those filmed were told.
        clips: What is sent.
        what: In which form.

    Raises:
        UploadError: If nobody allowed it.
        PolicyError: If the purpose is prohibited or unknown, or one must be declared and is not.
        ConfigError: If the address is none.
    """
    note = policy.check(declared, clips, OFF)
    to = recipient(provider, base_url)
    if to not in allowed:
        msg = (
            f"{what} of {len(clips)} clips would be sent to {to}, and nothing was sent: "
            f"--allow-upload {to} allows it"
        )
        raise UploadError(msg)
    missing = [
        name
        for name, value in (("purpose", declared.purpose), ("notice", declared.notice))
        if not (value or "").strip()
    ]
    if missing and not stays_here(base_url):
        choices = ", ".join(policy.PURPOSES)
        msg = (
            f"people would be shown to {to}, so --{' and --'.join(missing)} must be given "
            f"(purposes: {choices}; the notice is what those filmed were told)"
        )
        raise PolicyError(msg)
    return note
