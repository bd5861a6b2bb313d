"""A session that ended is replaced, and everything else of the connection stays (HO-4)."""

import pytest

from e2e.owner import NAME, Owner
from polyhost.errors import RefusedError
from polyhost.operations.connections import connect
from polyhost.operations.requests import ConnectRequest


@pytest.mark.requirement("HO-4")
async def test_a_new_session_goes_on_where_the_old_one_ended(slack, owner: Owner, tmp_path):
    slack.sign_out()
    assert (await owner.run()).status == "needs_owner"
    slack.world.signed_in = True
    state = tmp_path / "again.json"
    slack.write_storage_state(state)
    await connect(owner.context(), ConnectRequest(source="slack", name=NAME, storage_state=str(state), renew=True))
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
