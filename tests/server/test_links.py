"""A link of the server that runs already: of this home's server, and of nobody else's."""

from pathlib import Path

import pytest

from api.serving import TOKEN, served
from polyhost.errors import RefusedError
from polyhost.server.links import ask_for_link
from polyhost.server.listening import listening


async def test_the_server_of_the_home_gives_a_link_that_signs_in(home: Path):
    async with served(home) as client:
        write_token(home, TOKEN)
        link = await ask_for_link(home, port_of(client.origin))
        assert link.startswith(f"{client.origin}/login?code=")
        assert (await client("GET", link.removeprefix(client.origin), headers={})).status == 303


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
