"""The owner API and the dashboard behind one door: a person is shown a page where a program is told a problem."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from api.serving import Client, served

BROWSER = {"Accept": "text/html,application/xhtml+xml"}
HTML = "text/html; charset=utf-8"


async def test_whoever_is_not_signed_in_is_shown_a_page_or_told_a_problem(home: Path):
    async with served(home) as client:
        page = await client("GET", "/", headers=BROWSER)
        assert (page.status, page.headers["Content-Type"]) == (401, HTML)
        assert "polyhost serve --link" in page.text
        problem = await client("GET", "/v1/connections", headers=BROWSER)
        assert (problem.status, problem.headers["Content-Type"]) == (401, "application/problem+json")


@pytest.mark.parametrize(("code", "told"), [(None, False), ("used-up", True)])
async def test_a_link_that_does_not_work_says_why(home: Path, code: str | None, told: bool):
    async with served(home) as client:
        page = await client("GET", "/login" if code is None else f"/login?code={code}", headers=BROWSER)
    assert page.status == 401
    assert ("used already" in page.text) is told


@pytest.mark.requirement("SE-5")
async def test_a_link_with_something_besides_is_no_link_and_is_not_used_up(home: Path):
    async with served(home) as client:
        made = await client("POST", "/v1/session-links", headers={"Authorization": f"Bearer {client.token}"})
        where = urlsplit(made.value["link"])
        of = {"Host": where.netloc} | BROWSER
        for more in ("&code=other", "&next=/settings"):
            refused = await client("GET", f"/login?{where.query}{more}", headers=of)
            assert (refused.status, "Set-Cookie" in refused.headers) == (401, False)
        assert (await client("GET", f"/login?{where.query}", headers=of)).status == 303


async def test_an_address_that_leads_nowhere_is_a_page_or_a_problem(home: Path):
    async with served(home) as client:
        token = {"Authorization": f"Bearer {client.token}"}
        page = await client("GET", "/no/such/page", headers=token | BROWSER)
        assert (page.status, page.headers["Content-Type"]) == (404, HTML)
        for path, headers in (("/no/such/page", token), ("/v1/nothing", token | BROWSER)):
            problem = await client("GET", path, headers=headers)
            assert (problem.status, problem.value["code"]) == (404, "no_such_page")


async def test_a_page_has_an_operation_performed_as_its_route_does_it(home: Path):
    """The dashboard's state is what the API answers, byte for byte."""
    async with served(home) as client:
        page = await client("GET", "/", headers={"Authorization": f"Bearer {client.token}"} | BROWSER)
        answer = await client("GET", "/v1/connections")
    assert page.status == 200
    assert answer.text in page.text


async def test_pages_and_answers_carry_the_same_guard(home: Path):
    async with served(home) as client:
        await everything_is_guarded(client)


async def everything_is_guarded(client: Client) -> None:
    for path in ("/", "/v1/connections", "/metrics", "/openapi.json"):
        for headers, status in (({}, 401), ({"Host": "evil.example"}, 403)):
            assert (await client("GET", path, headers=headers)).status == status, path
