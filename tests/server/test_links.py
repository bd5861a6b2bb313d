"""A link of the server that runs already: of this home's server, and of nobody else's."""

import asyncio
import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from api.serving import TOKEN, served
from cli_runner import invoke
from polyhost.engine.control.owner_sockets import listen_at
from polyhost.errors import RefusedError
from polyhost.server import links
from polyhost.server.links import SignInsElsewhere, ask_for_link
from polyhost.server.listening import listening
from polyhost.server.own_socket import own_socket_path


async def test_the_server_of_the_home_gives_a_link_that_signs_in(home: Path):
    async with served(home) as client:
        write_token(home, TOKEN)
        link = await ask_for_link(home, port_of(client.origin))
        name = urlsplit(link)
        assert name.hostname is not None
        assert name.hostname.endswith(".localhost")
        assert (await client("GET", f"{name.path}?{name.query}", headers={"Host": name.netloc})).status == 303


async def test_a_link_by_address_signs_in_there_and_nowhere_else(home: Path):
    async with served(home) as client:
        write_token(home, TOKEN)
        link = await ask_for_link(home, port_of(client.origin), by_address=True)
        assert link.startswith(f"{client.origin}/login?code=")
        path = link.removeprefix(client.origin)
        elsewhere = urlsplit(client.server.link()).netloc
        assert (await client("GET", path, headers={"Host": elsewhere})).status == 401
        assert (await client("GET", path, headers={})).status == 303


async def test_sign_ins_of_another_process_are_listed_and_ended(home: Path):
    async with served(home) as client:
        write_token(home, TOKEN)
        there = SignInsElsewhere(home, port_of(client.origin))
        assert await there.listed() == {"sign_ins": []}
        for _ in range(3):
            link = urlsplit(client.server.link())
            await client("GET", f"{link.path}?{link.query}", headers={"Host": link.netloc})
        found = (await there.listed())["sign_ins"]
        assert await there.end(found[0]["id"]) == {"ended": 1}
        with pytest.raises(RefusedError) as refused:
            await there.end(found[0]["id"])
        assert refused.value.code == "unknown_sign_in"
        assert [one["id"] for one in (await there.listed())["sign_ins"]] == [one["id"] for one in found[1:]]
        assert await there.end_all() == {"ended": 2}


async def test_a_server_of_another_home_gives_none(home: Path, tmp_path: Path):
    other = tmp_path / "other"
    other.mkdir(mode=0o700)
    async with served(home) as client:
        write_token(other, TOKEN)
        with pytest.raises(RefusedError) as refused:
            await ask_for_link(other, port_of(client.origin))
    assert refused.value.code == "not_serving"


async def test_a_server_that_was_started_with_another_token_is_named(home: Path):
    async with served(home) as client:
        write_token(home, "newer-token-newer-token-newer-token-newer-token")
        with pytest.raises(RefusedError, match="was started with another token") as refused:
            await ask_for_link(home, port_of(client.origin))
    assert refused.value.code == "not_serving"


@pytest.mark.parametrize("killed", [False, True], ids=["ended", "killed"])
async def test_whoever_takes_the_port_of_a_server_that_is_gone_hears_nothing(home: Path, killed: bool):
    heard: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(65_536))
        writer.close()

    write_token(home, TOKEN)
    async with await asyncio.start_server(listen, "127.0.0.1", 0) as thief:
        port = thief.sockets[0].getsockname()[1]
        if killed:  # its socket is left
            listen_at(own_socket_path(home, port, make=True)).close()
        for ask in (ask_for_link(home, port), SignInsElsewhere(home, port).listed()):
            with pytest.raises(RefusedError) as refused:
                await ask
            assert refused.value.code == "not_serving"
    assert heard == []


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n<html", "does not understand", id="no JSON"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", "does not understand", id="no object"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "does not understand", id="no link"),
        pytest.param(b"HTTP/1.1 500 X\r\nContent-Length: 2\r\n\r\n{}", "does not understand", id="no problem"),
        pytest.param(
            b"HTTP/1.1 307 X\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n",
            "does not understand",
            id="a redirect",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n" + b" " * 2_000_000, "does not understand", id="huge"
        ),
        pytest.param(b"\x16\x03\x01", "does not understand", id="no HTTP"),
        pytest.param(None, "does not answer within", id="slow"),
    ],
)
async def test_an_answer_that_is_none_is_told_in_a_sentence(
    home: Path, answer: bytes | None, said: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(links, "ASK_SECONDS", 30.0 if answer else 0.1)
    hold = asyncio.Event()

    async def odd(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if answer is None:
            await hold.wait()
        else:
            writer.write(answer)
        writer.close()

    write_token(home, TOKEN)
    async with await asyncio.start_unix_server(odd, own_socket_path(home, 8787, make=True)):
        with pytest.raises(RefusedError, match=said) as refused:
            await ask_for_link(home, 8787)
        hold.set()
    assert refused.value.code == "not_serving"
    assert refused.value.instruction == "End it, and start it anew: polyhost serve"


@pytest.mark.parametrize("command", [["serve", "--link"], ["sign-ins", "list"]])
def test_asking_makes_no_home(tmp_path: Path, command: list[str]):
    home = tmp_path / "not" / "there"
    told = invoke(["--home", str(home), *command, "--json"])
    assert (told.exit_code, json.loads(told.stdout)["error"]["code"]) == (2, "not_serving")
    assert not home.parent.exists()


async def test_there_is_none_where_nobody_answers(home: Path):
    with listening(0) as at:
        port = at.port
    with pytest.raises(RefusedError) as refused:
        await ask_for_link(home, port)
    assert (refused.value.code, refused.value.instruction) == WHERE_NONE


WHERE_NONE = ("not_serving", "Start it: polyhost serve (or name the --port it was started with)")


def write_token(home: Path, token: str) -> None:
    """The server was given its token by the test, and has not read the file."""
    home.mkdir(mode=0o700, exist_ok=True)
    (home / "token").write_text(token, encoding="ascii")
    (home / "token").chmod(0o600)


def port_of(origin: str) -> int:
    return int(origin.rpartition(":")[2])
