"""An authority of the owner's own: the proxy itself checks the certificates of its hosts, and no others count."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from polyhost.protocol.host_patterns import host_pattern
from polyhost.proxy import Attempt, OwnAuthority, Policy, Proxy, Verdict, serve

pytestmark = [pytest.mark.requirement("RS-5"), pytest.mark.requirement("SE-1")]

OURS, OTHERS = trustme.CA(organization_name="ours"), trustme.CA(organization_name="others")


def pem(authority: trustme.CA) -> str:
    return authority.cert_pem.bytes().decode("ascii")


@dataclass
class Server:
    """Answers what it is asked over TLS. `certificate`: whose it shows; `besides`: what it sends along with it."""

    certificate: trustme.LeafCert
    besides: bytes = b""
    port: int = 0
    got: list[bytes] = field(default_factory=list[bytes])

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while asked := await reader.read(65_536):
                self.got.append(asked)
                writer.write(b"heard: " + asked)
                await writer.drain()
        except (ConnectionError, ssl.SSLError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def serving(server: Server) -> AsyncIterator[Server]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    chain = b"".join(one.bytes() for one in server.certificate.cert_chain_pems) + server.besides
    with trustme.Blob(server.certificate.private_key_pem.bytes() + chain).tempfile() as file:
        context.load_cert_chain(file)
    listening = await asyncio.start_server(server.meet, "127.0.0.1", 0, ssl=context)
    server.port = listening.sockets[0].getsockname()[1]
    async with listening:
        yield server


@dataclass
class Through:
    """A proxy that lets through to `localhost` at one port, and what was heard."""

    proxy: Proxy
    authority: OwnAuthority
    heard: list[Attempt]


@asynccontextmanager
async def through(port: int, *trusted: str) -> AsyncIterator[Through]:
    allowed = host_pattern(f"https://localhost:{port}")
    heard: list[Attempt] = []
    authority = OwnAuthority(pem(OURS), [host_pattern(text) for text in trusted] or [allowed])
    async with serve(Policy(allow=(allowed,)), heard=heard.append, authority=authority) as proxy:
        yield Through(proxy, authority, heard)


async def tunnelled(proxy: Proxy, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(f"CONNECT localhost:{port} HTTP/1.1\r\n\r\n".encode())
    return reader, writer, await reader.readuntil(b"\r\n\r\n")


def unchecked() -> ssl.SSLContext:
    """As a browser that accepts the pinned key looks at its own half; the test looks at the key itself."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def test_a_server_of_the_owners_authority_is_reached_with_a_key_that_is_pinned():
    async with serving(Server(OURS.issue_cert("localhost"))) as server, through(server.port) as way:
        reader, writer, answer = await tunnelled(way.proxy, server.port)
        assert answer.startswith(b"HTTP/1.1 200")
        await writer.start_tls(unchecked())
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        public = x509.load_der_x509_certificate(shown).public_key()
        digest = hashlib.sha256(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
        assert base64.b64encode(digest).decode() == way.authority.pin
        writer.write(b"one")
        assert await reader.readexactly(10) == b"heard: one"
        writer.close()
    assert server.got == [b"one"]
    assert [attempt.verdict for attempt in way.heard] == [Verdict.ALLOWED]


@pytest.mark.parametrize(
    ("certificate", "besides"),
    [
        (OTHERS.issue_cert("localhost"), b""),
        (OURS.issue_cert("elsewhere.example"), b""),
        (OTHERS.issue_cert("localhost"), OURS.cert_pem.bytes()),
    ],
    ids=["of another authority", "for another name", "of another authority, with the owner's sent along"],
)
async def test_any_other_server_is_refused_before_a_byte_of_the_browser_reaches_it(
    certificate: trustme.LeafCert, besides: bytes
):
    async with serving(Server(certificate, besides)) as server, through(server.port) as way:
        _, writer, answer = await tunnelled(way.proxy, server.port)
        assert answer.startswith(b"HTTP/1.1 502")
        writer.close()
        assert server.got == []
    assert [attempt.verdict for attempt in way.heard] == [Verdict.ALLOWED, Verdict.UNTRUSTED]


async def test_where_the_authority_does_not_count_the_tunnel_is_the_servers_own():
    async with (
        serving(Server(OURS.issue_cert("localhost"))) as server,
        through(server.port, "https://other.example") as way,
    ):
        _, writer, answer = await tunnelled(way.proxy, server.port)
        assert answer.startswith(b"HTTP/1.1 200")
        await writer.start_tls(unchecked())
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        assert "ours" in x509.load_der_x509_certificate(shown).issuer.rfc4514_string()
        writer.close()


async def test_a_server_that_speaks_no_tls_is_refused():
    async def meet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        writer.close()

    listening = await asyncio.start_server(meet, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    async with listening, through(port) as way:
        _, writer, answer = await tunnelled(way.proxy, port)
        assert answer.startswith(b"HTTP/1.1 502")
        writer.close()


def test_each_browser_has_a_key_of_its_own():
    assert OwnAuthority(pem(OURS), []).pin != OwnAuthority(pem(OURS), []).pin


def test_what_is_no_authority_is_refused():
    with pytest.raises(ssl.SSLError):
        OwnAuthority("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", [])
