"""Sealing bytes under a key: AES-256-GCM behind a header that anyone can read and nobody can change.

Owns: the format of a sealed file. Must not know: where keys are kept, files, what is sealed.

    {"about": {"connection": "slack"}, "format": "polyhost-sealed", "key": "4f0c…", "version": 1}\\n
    nonce (12 bytes) · ciphertext and tag

The whole first line is authenticated: a file that was renamed to another connection's, or whose version was changed,
does not open. `key` is a fingerprint; it tells a wrong key from a damaged file.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping

import orjson

from polyhost.errors import ErrorCode, RefusedError

__all__ = ["KEY_BYTES", "seal", "unseal"]

KEY_BYTES = 32
"""AES-256."""
FORMAT = "polyhost-sealed"
VERSION = 1
_NONCE_BYTES = 12  # what GCM is specified for; a random one is safe for far more than 2^30 saves under one key
_FINGERPRINT_CHARACTERS = 16


def seal(key: bytes, plain: bytes, *, about: Mapping[str, str]) -> bytes:
    """`about` says what it is; it stays readable, and has to be given again to open it."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415  only where a session is used

    header = {"about": dict(about), "format": FORMAT, "key": _fingerprint(key), "version": VERSION}
    line = orjson.dumps(header, option=orjson.OPT_SORT_KEYS) + b"\n"
    nonce = os.urandom(_NONCE_BYTES)
    return line + nonce + AESGCM(key).encrypt(nonce, plain, line)


def unseal(key: bytes, sealed: bytes, *, about: Mapping[str, str]) -> bytes:
    """What was sealed. RefusedError says why it cannot be opened, and never what is in it."""
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    line, end, body = sealed.partition(b"\n")
    _check_header(line, about, key)
    try:
        return AESGCM(key).decrypt(body[:_NONCE_BYTES], body[_NONCE_BYTES:], line + end)
    except (InvalidTag, ValueError):
        raise _unopened("it is damaged") from None


def _check_header(line: bytes, about: Mapping[str, str], key: bytes) -> None:
    try:
        header = orjson.loads(line)
    except orjson.JSONDecodeError:
        raise _unopened("it is damaged") from None
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise _unopened("it is damaged")
    if header.get("version") != VERSION:
        raise _unopened("another version of polyhost wrote it")
    if header.get("about") != dict(about):
        raise _unopened("it belongs to something else")
    if header.get("key") != _fingerprint(key):
        raise _unopened("it was sealed with another key")


def _unopened(why: str) -> RefusedError:
    return RefusedError(f"cannot be opened: {why}", code=ErrorCode.SESSION_UNREADABLE)


def _fingerprint(key: bytes) -> str:
    return hashlib.sha256(b"polyhost-key " + key).hexdigest()[:_FINGERPRINT_CHARACTERS]
