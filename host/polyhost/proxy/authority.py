"""A certificate authority of an owner's own, for the hosts of their own site.

Browsers can be told to accept a key whatever it is certified by, but not, without the rights of the machine's
administrator, to trust one more authority; and what they accept they look for anywhere in what a server sends, where
anybody can put a certificate that is not theirs. So the proxy itself is the client of these hosts: it checks the
server's certificate, its name and its chain, against the public authorities and the owner's, and only then hands the
browser what comes out, on a connection with a key of its own that was made for this one browser, has never left this
machine, and is all that the browser is told to accept.

Owns: that key, the check, and for which hosts both are. Must not know: sockets' bytes, who may be reached, browsers.
"""

from __future__ import annotations

import base64
import hashlib
import ssl
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from polyhost.protocol.host_patterns import HostPattern
from polyhost.proxy.policy import Destination

__all__ = ["OwnAuthority", "trusting"]

_ALPN = ["http/1.1"]
"""Both halves are passed on byte by byte, so both have to speak the same; every server speaks this."""
_LIFETIME = timedelta(days=7)
"""Longer than a browser of ours runs."""


def trusting(authority: str) -> ssl.SSLContext:
    """A client that takes the public authorities and this one (PEM). ssl.SSLError where it is none."""
    context = ssl.create_default_context()
    context.load_verify_locations(cadata=authority)
    return context


class OwnAuthority:
    """For one browser. `hosts`: where the authority counts. `pin`: of the key that this browser accepts."""

    def __init__(self, authority: str, hosts: Sequence[HostPattern]) -> None:
        self._hosts = tuple(hosts)
        self.outside = trusting(authority)
        self.outside.set_alpn_protocols(_ALPN)
        self.inside, self.pin = _made_for_one_browser()
        self.inside.set_alpn_protocols(_ALPN)

    def covers(self, to: Destination) -> bool:
        """Whether the way there is one of these."""
        return any(pattern.covers(to.host, to.port, secure=True) for pattern in self._hosts)


def _made_for_one_browser() -> tuple[ssl.SSLContext, str]:
    """A server's side with a new key, and the digest of that key as browsers write it."""
    from cryptography import x509  # noqa: PLC0415  it takes 50 ms, and few have an authority of their own
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from cryptography.x509.oid import NameOID  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "polyhost, for one browser")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _LIFETIME)
        .sign(key, hashes.SHA256())
    )
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile() as file:  # the only way a context takes a key; readable by this account alone
        file.write(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        file.write(certificate.public_bytes(serialization.Encoding.PEM))
        file.flush()
        context.load_cert_chain(file.name)
    return context, base64.b64encode(hashlib.sha256(public).digest()).decode("ascii")
