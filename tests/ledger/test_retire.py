"""The owner lets a missing partition go, and can take that back (PR-1.7)."""

import pytest

from polyhost.errors import RefusedError
from polyhost.ledger.retire import MAX_REASON, restore, retire
from polyhost.ledger.state import PartitionState, PartitionStatus

from .builders import AT, EARLIER, missing, retired, state


@pytest.mark.requirement("PR-1.7")
def test_retiring_is_recorded_and_reversible_and_keeps_every_range():
    gone = missing("C1", (None, "5.0"), ("7.0", "9.0"), label="#general")
    let_go = retire(gone, "C1", reason=" left the team ", at=AT)
    assert (let_go.status, let_go.retired_at, let_go.retired_reason) == (PartitionStatus.RETIRED, AT, "left the team")
    assert restore(let_go, "C1") == gone


def test_a_retired_partition_that_was_seen_meanwhile_is_restored_as_present():
    assert restore(retired(missing_since=None), "C1").status is PartitionStatus.PRESENT
    assert restore(retired(missing_since=EARLIER), "C1").status is PartitionStatus.MISSING


DELETED = state(status=PartitionStatus.DELETED, ended_since=AT)
BECAME = state(status=PartitionStatus.BECAME, ended_since=AT, successor="C2")


@pytest.mark.parametrize("known", [None, state(), retired(), DELETED, BECAME])
def test_only_what_is_missing_can_be_retired(known: PartitionState | None):
    with pytest.raises(RefusedError) as refused:
        retire(known, "C1", reason="left", at=AT)
    assert refused.value.instruction


@pytest.mark.parametrize("reason", ["", "   ", "x" * (MAX_REASON + 1)])
def test_a_reason_is_needed_and_bounded(reason: str):
    with pytest.raises(RefusedError):
        retire(missing(), "C1", reason=reason, at=AT)


@pytest.mark.requirement("RS-4.4")
@pytest.mark.parametrize("over", [DELETED, BECAME])
def test_one_that_was_retired_and_is_over_meanwhile_is_restored_as_that(over: PartitionState):
    let_go = retired(missing_since=None, ended_since=AT, successor=over.successor)
    assert restore(let_go, "C1") == over


@pytest.mark.parametrize("known", [None, state(), missing(), DELETED])
def test_only_what_is_retired_can_be_restored(known: PartitionState | None):
    with pytest.raises(RefusedError) as refused:
        restore(known, "C1")
    assert refused.value.instruction
