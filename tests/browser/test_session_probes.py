"""What a probe in a real page came to: whether the owner is in, and why that cannot be told (HO-4)."""

import pytest

from fakes.page_runs import PageRuns
from fakes.site import SiteHost
from polyhost.browser.bridge.scripts import PageScript
from polyhost.browser.session import SessionSigns

pytestmark = pytest.mark.requirement("HO-4")


@pytest.mark.parametrize(
    ("probe", "signed_in", "why"),
    [
        ("return { signed_in: true };", True, ""),
        ("return { signed_in: false };", False, "probe.js answered that nobody is signed in"),
        ("return { signed_in: null };", None, "probe.js answered that it cannot tell"),
        ("return { signed_in: 'secret' };", None, "probe.js answered what is not a session's state (signed_in)"),
        ("return 5;", None, "probe.js answered what is not a session's state (as a whole)"),
        ("throw new TypeError('secret');", None, "probe.js threw TypeError at http"),
        ("const { x } = undefined;", None, "probe.js threw TypeError"),
        ("throw 'secret';", None, "probe.js threw something that is no error"),
        ("this is no script", None, "probe.js threw SyntaxError"),
    ],
)
async def test_what_a_probe_came_to_is_told_without_a_word_of_the_site(
    pages: PageRuns, site: SiteHost, probe: str, signed_in: bool | None, why: str
) -> None:
    site.page()
    signs = SessionSigns(hosts=(site.name,), probe=(PageScript("fake/probe.js", f"probe(async () => {{ {probe} }});"),))
    context = await pages.browser.new_context(None)
    page = await context.new_page()
    await page.goto(site.url())
    looked = await signs.look_closely(page)
    await context.close()
    assert looked.report.signed_in is signed_in
    assert why in looked.why
    assert "secret" not in looked.why
