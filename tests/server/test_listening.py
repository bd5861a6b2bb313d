"""The address of a server: this machine's alone, one server's alone, and free again afterwards."""

import socket

import aiohttp
import pytest
from aiohttp import web

from polyhost.errors import RefusedError
from polyhost.server.listening import answering, listening


def test_a_port_that_is_taken_is_refused_by_name():
    with listening(0) as first, pytest.raises(RefusedError) as refused, listening(first.port):
        pass
    assert refused.value.code == "port_taken"
    assert str(first.port) in refused.value.reason


def test_a_port_that_may_not_be_used_is_refused_with_what_the_system_says(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("polyhost.server.listening.ADDRESS", "192.0.2.1")  # for documentation: no machine has it
    with pytest.raises(RefusedError) as refused, listening(0):
        pass
    assert refused.value.code != "port_taken"
    assert "cannot be used" in refused.value.reason


def test_a_port_that_somebody_listens_at_just_before_is_refused_too(monkeypatch: pytest.MonkeyPatch):
    """Both have bound it by then, as the system allows; it tells who is second only when they listen."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", 0))
        made: list[socket.socket] = []

        class Second(socket.socket):
            def listen(self, backlog: int = 0, /) -> None:
                made.append(self)
                other.listen()
                super().listen(backlog)

        with monkeypatch.context() as patched:
            patched.setattr(socket, "socket", Second)
            with pytest.raises(RefusedError) as refused, listening(other.getsockname()[1]):
                pass
    assert refused.value.code == "port_taken"
    assert [one.fileno() for one in made] == [-1]


def test_a_port_is_free_again_once_it_is_left():
    with listening(0) as first:
        port = first.port
    with listening(port) as second:
        assert second.port == port


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as one:
            one.bind(("::1", 0))
    except OSError:
        return False
    return True


def test_a_server_has_its_port_at_both_addresses_of_this_machine_and_at_no_other():
    """A browser asks ::1 first for a name below localhost: nobody else may listen there."""
    with listening(0) as at:
        assert at.address == f"127.0.0.1:{at.port}"
        assert at.socket.getsockname() == ("127.0.0.1", at.port)
        if at.also is not None:
            assert at.also.getsockname()[:2] == ("::1", at.port)
        assert (at.also is not None) == has_ipv6()


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no ::1")
def test_a_port_that_somebody_has_at_the_other_address_is_taken():
    with socket.socket(socket.AF_INET6) as other:
        other.bind(("::1", 0))
        other.listen()
        with pytest.raises(RefusedError) as refused, listening(other.getsockname()[1]):
            pass
    assert refused.value.code == "port_taken"


async def test_an_application_is_answered_with_inside_the_block_and_not_after_it():
    async def hello(request: web.Request) -> web.Response:
        return web.Response(text="hello")

    app = web.Application()
    app.router.add_get("/", hello)
    with listening(0) as at:
        async with aiohttp.ClientSession() as session:
            async with answering(app, at), session.get(f"http://{at.address}/") as answer:
                assert await answer.text() == "hello"
            with pytest.raises(aiohttp.ClientConnectionError):
                await session.get(f"http://{at.address}/")
