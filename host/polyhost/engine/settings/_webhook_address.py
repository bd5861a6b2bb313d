"""Where a webhook may be: what is posted there says that something is wrong with a connection of the owner's.

Owns: that rule. Must not know: what is posted.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from polyhost.browser.hosts import is_loopback

__all__ = ["address_fault"]


def address_fault(url: str, *, plain: bool) -> str | None:
    """What is wrong with an address, to be said after its name; None where nothing is. `plain`: http is wanted."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, None
    if parts is None or parts.scheme not in {"http", "https"} or not host:
        return "is an address like https://ntfy.sh/TOPIC"
    if parts.username is not None or parts.password is not None:
        return "holds no name and no password; give a token as webhook_token"
    if parts.scheme == "http" and not plain and not (host == "localhost" or is_loopback(host)):
        return "is https, or on this machine; or set allow_plain_http"
    return None
