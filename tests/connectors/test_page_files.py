"""What a page has to ask its site's files with, once the polyfill in it has ended (SL-2)."""

from __future__ import annotations

import pytest

from fakes.page_runs import SAY, PageRuns, QuietCalls, collect
from fakes.site import SiteHost
from polyhost.browser.site_access import SiteAccess
from polyhost.connectors.page import PageSession

pytestmark = pytest.mark.requirement("SL-2")


async def access_after(pages: PageRuns, site: SiteHost, body: str) -> tuple[SiteAccess | None, PageSession]:
    async with pages.connector(site, f"polyfill(async (host) => {{ {SAY} {body} }});").open(QuietCalls()) as session:
        assert isinstance(session, PageSession)
        got = await collect(session)
        assert got.done["status"] == "succeeded", got.done
        return await session.site_access(), session


async def test_it_has_the_pages_cookies_also_those_that_no_script_sees(pages: PageRuns, site: SiteHost) -> None:
    site.page(**{"Set-Cookie": "who=owner; HttpOnly; Path=/"})
    access, _ = await access_after(pages, site, "document.cookie = 'seen=yes';")
    assert access is not None
    assert {cookie["name"]: (cookie["value"], cookie["httpOnly"]) for cookie in access.cookies} == {
        "who": ("owner", True),
        "seen": ("yes", False),
    }
    assert (access.page, access.headers) == (site.url(), {})
    assert "Mozilla" in access.user_agent
    assert access.options.allow_hosts == (site.name,)
    assert "owner" not in repr(access)


async def test_a_script_may_say_what_a_declared_hosts_files_are_asked_for_with(pages: PageRuns, site: SiteHost) -> None:
    site.page()
    said = f"await host.fileHeaders('{site.name}', {{Authorization: 'Bearer first'}});"
    again = f"await host.fileHeaders('{site.name}', {{Authorization: 'Bearer then', 'X-Also': 'this'}});"
    access, _ = await access_after(pages, site, said + again)
    assert access is not None
    assert access.headers == {site.name: {"Authorization": "Bearer then", "X-Also": "this"}}
    assert "Bearer" not in repr(access)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("'elsewhere.example', {Authorization: 'x'}", "not one of the manifest's polyfill.hosts"),
        ("HERE, {'Bad Name': 'x'}", "is wrong"),
        ("HERE, {Authorization: 'two\\nlines'}", "is wrong"),
        ("HERE, {Authorization: 'x'.repeat(9000)}", "is wrong"),
    ],
)
async def test_anything_else_is_refused_to_the_script(pages: PageRuns, site: SiteHost, call: str, told: str) -> None:
    site.page()
    body = f"const HERE = '{site.name}'; await host.fileHeaders({call}).catch((error) => say({{told: error.message}}));"
    async with pages.connector(site, f"polyfill(async (host) => {{ {SAY} {body} }});").open(QuietCalls()) as session:
        got = await collect(session)
        access = await session.site_access()
    assert told in got.data[0]["told"]
    assert access is not None
    assert access.headers == {}
