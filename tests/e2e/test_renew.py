"""A session that ended is replaced, and everything else of the connection stays (HO-4)."""

import pytest

from e2e.owner import NAME, Owner
from polyhost.engine.sessions.saved import load_session
from polyhost.errors import NeedsOwnerError, RefusedError
from polyhost.operations.connect import ConnectRequest, connect


@pytest.mark.requirement("HO-4")
async def test_a_new_session_goes_on_where_the_old_one_ended(slack, owner: Owner, tmp_path):
    slack.sign_out()
    assert (await owner.run()).status == "needs_owner"
    slack.world.signed_in = True
    await owner.renew(slack.write_storage_state(tmp_path / "again.json"))
    after = await owner.run()
    assert after.status == "complete"
    assert after.counts("messages")[0] == 0, "the ledger was kept"


async def test_a_connection_of_another_name_is_not_renewed(slack, owner: Owner, tmp_path):
    state = tmp_path / "again.json"
    slack.write_storage_state(state)
    with pytest.raises(RefusedError) as refused:
        await connect(
            owner.context(), ConnectRequest(source="slack", name="nobody", storage_state=str(state), renew=True)
        )
    assert refused.value.code == "unknown_connection"


@pytest.mark.requirement("HO-4")
async def test_a_session_that_has_ended_never_replaces_a_good_one(slack, owner: Owner, tmp_path):
    ended = slack.write_storage_state(tmp_path / "ended.json")
    slack.sign_out_elsewhere()
    good = slack.write_storage_state(tmp_path / "good.json")
    await owner.renew(good)
    before = load_session(owner.home, NAME)
    with pytest.raises(NeedsOwnerError) as refused:
        await owner.renew(ended)
    assert refused.value.code == "signed_out"
    assert load_session(owner.home, NAME) == before
    assert (await owner.run()).status == "complete"


@pytest.mark.requirement("HO-4")
async def test_a_colleagues_session_never_replaces_the_owners(slack, owner: Owner, tmp_path):
    """Of the same workspace; whose the connection is, its first run has told."""
    before = load_session(owner.home, NAME)
    slack.world.account = "U0OTTO0002"
    with pytest.raises(RefusedError) as refused:
        await owner.renew(slack.write_storage_state(tmp_path / "otto.json"))
    assert refused.value.code == "other_account"
    assert load_session(owner.home, NAME) == before
