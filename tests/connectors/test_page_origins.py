"""An API on another origin than the page: what keeps its answers from a script is told, and how to read them.

Provenance: the Fetch standard (CORS); ours (the sentence, host.moveTo). A real page, real servers.
"""

from __future__ import annotations

import pytest
from aiohttp import web

from fakes.page_runs import Collected, PageRuns
from fakes.site import SiteHost, Sites
from polyhost.browser.governor import Governor, GovernorLimits


@pytest.fixture
def api(sites: Sites) -> SiteHost:
    """It answers, and says nothing of other origins. Its front page is not there."""
    made = sites.new("api")
    made.text("/notes", '{"notes": ["n1", "n2"]}')
    return made


async def asked(pages: PageRuns, site: SiteHost, api: SiteHost, body: str) -> Collected:
    site.page()
    quick = Governor(GovernorLimits(backoff_base=0.01))
    return await pages.run(site, body, polyfill={"hosts": (site.name, api.name)}, governor=quick)


def ask(api: SiteHost, options: str = "{}") -> str:
    return f"const {{ json }} = await host.request('{api.url('/notes')}', {options}); await say(json);"


@pytest.mark.parametrize(
    "options", ["{}", "{headers: {Authorization: 'Bearer b'}}", "{method: 'POST', body: {a: '1'}}"]
)
async def test_where_cors_is_what_stopped_a_request_the_error_says_so_and_what_to_do(
    pages: PageRuns, site: SiteHost, api: SiteHost, options: str
) -> None:
    got = await asked(pages, site, api, ask(api, options))
    error = got.done["error"]
    assert (error["code"], error["retryable"], error["recovery_hint"]) == (
        "cross_origin",
        False,
        "retry_on_connector_upgrade",
    )
    assert f"{api.name} lets no page of {site.name} read its answers (CORS)" in error["message"]
    assert "host.moveTo" in error["message"]
    assert got.traffic.requests == 4, "three attempts, and one whose answer nobody reads"


async def test_a_server_that_does_not_answer_at_all_is_no_matter_of_cors(
    pages: PageRuns, site: SiteHost, api: SiteHost
) -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    api.route("/notes", cut)
    got = await asked(pages, site, api, ask(api))
    assert got.done["error"]["code"] == "request_failed"


async def test_a_server_that_allows_it_and_was_cut_off_twice_is_asked_again(
    pages: PageRuns, site: SiteHost, api: SiteHost
) -> None:
    answers = iter(["cut", "cut"])

    async def shaky(request: web.Request) -> web.StreamResponse:
        if next(answers, None) == "cut":
            assert request.transport is not None
            request.transport.abort()
        allowed = {"Access-Control-Allow-Origin": f"http://{site.name}", "Access-Control-Allow-Credentials": "true"}
        response = web.json_response({"notes": []}, headers=allowed)
        response.force_close()
        return response

    api.route("/notes", shaky)
    got = await asked(pages, site, api, ask(api))
    assert got.data == [{"notes": []}]


async def test_a_script_that_moves_to_the_other_origin_reads_it_there_and_keeps_what_was_said_before(
    pages: PageRuns, site: SiteHost, api: SiteHost
) -> None:
    body = f"""
    const api = '{api.url()}';
    if (location.origin + '/' !== api) {{ await say({{at: 'home'}}); await host.moveTo(api + '#token'); }}
    const {{ json }} = await host.request('/notes', {{headers: {{Authorization: location.hash.slice(1)}}}});
    await host.moveTo(api);
    await say(json);
    """
    got = await asked(pages, site, api, body)
    assert got.data == [{"at": "home"}, {"notes": ["n1", "n2"]}]
    assert (got.done["status"], got.done["records_emitted"], len(got.restarts)) == ("succeeded", 2, 1)


async def test_nobody_moves_to_a_host_that_is_not_declared(pages: PageRuns, site: SiteHost, sites: Sites) -> None:
    elsewhere = sites.new("elsewhere")
    site.page()
    got = await pages.run(site, f"await host.moveTo('{elsewhere.url()}');")
    assert f"{elsewhere.name} is not among the manifest's polyfill.hosts" in got.done["error"]["message"]
    assert elsewhere.seen == []
