"""The doctor on connections: what their sessions are worth, by the store, and with --online by the site (ours)."""

from typing import Any

import pytest

from e2e.owner import NAME, Owner
from polyhost.engine.clock import Clock
from polyhost.engine.doctor.examine import examine
from polyhost.operations.doctor import DoctorRequest, doctor


async def lines(owner: Owner, *, online: bool = False) -> dict[str, dict[str, Any]]:
    """By check, of those that are about the connection."""
    found = (await doctor(owner.context(), DoctorRequest(online=online))).value["findings"]
    return {finding["check"]: finding for finding in found if finding["about"] == NAME}


async def test_a_session_that_has_worked_is_told_with_its_age_and_the_site_is_not_asked(owner: Owner):
    owner.slack.log.clear()
    found = await lines(owner)
    assert found["session"]["grade"] == "ok"
    assert "last contact" in found["session"]["found"]
    assert "online" not in found
    assert owner.slack.log.counts() == {}


async def test_online_a_session_is_judged_as_a_run_judges_it_and_the_workspace_is_named(newcomer: Owner):
    found = await lines(newcomer, online=True)
    assert (found["session"]["grade"], found["online"]["grade"]) == ("ok", "ok")
    assert found["online"]["found"].endswith(newcomer.slack.world.name)
    told = str(found)
    assert not [secret for secret in (newcomer.slack.session.cookie, newcomer.slack.world.token()) if secret in told]


@pytest.mark.parametrize("page_still_opens", [False, True])
async def test_online_an_owner_signed_out_elsewhere_is_told_the_command_and_a_run_needs_them_too(
    page_still_opens: bool, newcomer: Owner
):
    """Where the page still opens, only the manifest's probe can tell."""
    kept = (newcomer.home / "sessions" / "fake.sealed").read_bytes()
    if page_still_opens:
        newcomer.slack.faults.sign_out_at(1)
    else:
        newcomer.slack.sign_out_elsewhere()
    found = await lines(newcomer, online=True)
    assert found["online"]["grade"] == "failed"
    assert found["online"]["instruction"] == "Type: polyhost connect slack --name fake --renew"
    assert (newcomer.home / "sessions" / "fake.sealed").read_bytes() == kept
    assert (await newcomer.run()).status == "needs_owner"


async def test_online_a_session_that_the_site_has_ended_fails(newcomer: Owner):
    newcomer.slack.sign_out()
    found = await lines(newcomer, online=True)
    assert found["online"]["grade"] == "failed"
    assert "connect slack --name fake --renew" in found["online"]["instruction"]


async def test_a_site_that_cannot_be_reached_is_told_and_hides_nothing(newcomer: Owner):
    await newcomer.slack.__aexit__(None, None, None)
    found = await lines(newcomer, online=True)
    assert (found["session"]["grade"], found["online"]["grade"]) == ("ok", "failed")


async def test_a_clock_that_is_off_by_more_than_a_minute_is_told_against_the_sites(newcomer: Owner):
    class Wrong(Clock):
        def now(self) -> float:
            return super().now() + 600

    found = await examine(newcomer.home, Wrong(), online=True)
    assert [finding.grade for finding in found if finding.check == "clock" and "the site's" in finding.found] == [
        "warning"
    ]


async def test_a_connection_without_its_session_is_a_warning_with_the_command(owner: Owner):
    for file in (owner.home / "sessions").iterdir():
        file.unlink()
    found = await lines(owner)
    assert found["session"]["grade"] == "warning"
    assert "polyhost connect slack --name fake" in found["session"]["instruction"]
