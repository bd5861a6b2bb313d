"""A link of the server that runs already: of this home's server, and of nobody else's."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from api.serving import TOKEN, served
from polyhost.errors import RefusedError
from polyhost.server.links import SignInsElsewhere, ask_for_link
from polyhost.server.listening import listening


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


async def test_a_server_of_another_home_gives_none(home: Path):
    async with served(home) as client:
        write_token(home, "another-home's-token-another-home's-token")
        with pytest.raises(RefusedError) as refused:
            await ask_for_link(home, port_of(client.origin))
    assert refused.value.code == "not_serving"


async def test_there_is_none_where_nobody_answers(home: Path):
    with listening(0) as at:
        port = at.port
    with pytest.raises(RefusedError) as refused:
        await ask_for_link(home, port)
    assert (refused.value.code, refused.value.instruction) == ("not_serving", "Start it: polyhost serve")


def write_token(home: Path, token: str) -> None:
    """The server was given its token by the test, and has not read the file."""
    (home / "token").write_text(token, encoding="ascii")
    (home / "token").chmod(0o600)


def port_of(origin: str) -> int:
    return int(origin.rpartition(":")[2])
