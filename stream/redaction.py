"""A text as it may be shown: without the user and password of the address in it.

Whatever prints, logs, raises or publishes what a user typed passes it through here first. The rule
is blunt on purpose: a password may hold any character, also those that a URL would not allow, so
everything between the first ``://`` and the last at-sign goes.
"""

import re

_LOGIN = re.compile(r"^([^@]*?://)?.*@", re.DOTALL)


def hide_login(text: str) -> str:
    """Return the text with ``user:password@`` replaced by ``***@``.

    Args:
        text: An address, or a text with one in it. Of several, only the end of the last is left.
    """
    return _LOGIN.sub(r"\1***@", text, count=1)
