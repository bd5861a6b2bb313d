"""A certificate authority of an owner's own, from a file.

Owns: what such a file may hold, and the words that show it. Must not know: where it counts, how it is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from polyhost.errors import ErrorCode, RefusedError
from polyhost.small_files import A_PERSON_SECONDS, TooLargeError, read_small_file

__all__ = ["GivenAuthority", "read_authority"]

MAX_BYTES = 256 * 1024
"""A chain is kilobytes; the bundle of all public authorities is no authority of one's own."""
_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class GivenAuthority:
    """`pem`: its certificates and nothing else. `shown`: whose they are."""

    pem: str
    shown: str


def read_authority(path: Path) -> GivenAuthority:
    """RefusedError `bad_authority` where it cannot be read, or is not certificates alone."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        content = read_small_file(path, MAX_BYTES, patience=A_PERSON_SECONDS)
    except TooLargeError:
        raise _refused(path, "it is larger than 256 KiB") from None
    except OSError as error:
        raise _refused(path, f"it cannot be read: {error.strerror}") from None
    if b"PRIVATE KEY" in content:
        raise _refused(path, "it holds a private key, which stays with the authority")
    try:
        certificates = x509.load_pem_x509_certificates(content)
    except ValueError:
        raise _refused(path, "it holds no certificate as text (PEM, -----BEGIN CERTIFICATE-----)") from None
    names = [certificate.subject.rfc4514_string()[:80] or "without a name" for certificate in certificates]
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    pem = "".join(certificate.public_bytes(Encoding.PEM).decode("ascii") for certificate in certificates)
    return GivenAuthority(pem, f"{', '.join(names[:_MOST_NAMED])}{more}")


def _refused(path: Path, why: str) -> RefusedError:
    return RefusedError(
        f"{path} is not a valid certificate authority: {why}; use the authority's certificate, as your server's "
        "software writes it (often ca.crt or rootCA.pem)",
        code=ErrorCode.BAD_AUTHORITY,
    )
