"""The end of a run: who is missing, what stays unproven (PR-1)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyhost.ledger.observe import InventoryResult
from polyhost.ledger.plan import Unswept
from polyhost.ledger.settle import Settlement, settle
from polyhost.ledger.state import PartitionState, PartitionStatus
from polyhost.protocol.diagnostics import MAX_PARTITIONS, Diagnostic, DiagnosticCode, Severity

from .builders import AT, EARLIER, RULE, missing, retired, state

READ = (None, "9.0")
MISSING = DiagnosticCode.PARTITION_MISSING


def _settle(
    *states: PartitionState,
    listed: set[str] | None,
    complete: bool = True,
    scope: set[str] | None = None,
    **more: set[str],
) -> Settlement:
    inventory = None if listed is None else InventoryResult(frozenset(listed), complete)
    return settle(
        states={entry.key: entry for entry in states}, inventory=inventory, rule=RULE, at=AT, scope_keys=scope, **more
    )


def _told(result: Settlement, code: DiagnosticCode) -> list[Diagnostic]:
    return [diagnostic for diagnostic in result.diagnostics if diagnostic.code is code]


@pytest.mark.requirement("PR-1.1")
def test_a_known_partition_outside_a_complete_inventory_is_missing_and_named():
    result = _settle(state("C1", READ), state("C2", READ), listed={"C1"})
    [gone] = result.changed
    assert (gone.key, gone.status, gone.missing_since) == ("C2", PartitionStatus.MISSING, AT)
    [told] = _told(result, MISSING)
    assert (told.stream, told.partitions, told.severity) == ("messages", ("C2",), Severity.GAP)


@pytest.mark.requirement("PR-1.4")
def test_a_clean_complete_run_has_nothing_to_tell():
    result = _settle(state("C1", READ), state("C2", READ), listed={"C1", "C2"})
    assert (result.changed, result.diagnostics) == ((), ())


@pytest.mark.requirement("PR-1.2")
def test_the_diagnostic_is_bounded_and_holds_no_label():
    states = [state(f"C{number:03}", READ, label="#surprise-party") for number in range(MAX_PARTITIONS + 7)]
    [told] = _told(_settle(*states, listed=set()), MISSING)
    assert told.partitions == tuple(f"C{number:03}" for number in range(MAX_PARTITIONS))
    assert (told.total, told.truncated) == (MAX_PARTITIONS + 7, True)
    assert "surprise" not in str(told.as_json())


@pytest.mark.requirement("RS-4.4")
def test_what_the_source_calls_over_is_not_missing_and_told_once():
    over = [
        state("C2", READ, status=PartitionStatus.DELETED, ended_since=EARLIER),
        state("C3", status=PartitionStatus.BECAME, ended_since=AT, successor="C1"),
    ]
    quiet = _settle(state("C1", READ), *over, listed={"C1"})
    assert (quiet.changed, quiet.diagnostics) == ((), ())
    [told] = _settle(state("C1", READ), *over, listed={"C1"}, ended={"C3"}).diagnostics
    assert (told.code, told.partitions, told.severity) == (DiagnosticCode.PARTITION_ENDED, ("C3",), Severity.INFO)


@pytest.mark.requirement("PR-1.5")
@pytest.mark.parametrize(("listed", "complete"), [(None, False), (set[str](), False), ({"C1"}, False)])
def test_without_a_complete_inventory_nobody_is_called_missing(listed: set[str] | None, complete: bool):
    result = _settle(state("C1", READ), state("C2", READ), missing("C3", READ), listed=listed, complete=complete)
    assert not result.changed
    assert not _told(result, MISSING)
    assert len(_told(result, DiagnosticCode.INVENTORY_UNPROVEN)) == 1


@pytest.mark.requirement("PR-1.6", "PR-2.7")
def test_a_scoped_run_judges_only_its_scope():
    result = _settle(state("C1", READ), state("C2", READ), missing("C3", READ), state("C4"), listed=set(), scope={"C2"})
    assert [entry.key for entry in result.changed] == ["C2"]
    assert [told.partitions for told in result.diagnostics] == [("C2",)]


@pytest.mark.requirement("PR-1.7")
def test_a_missing_partition_is_told_on_every_run_and_a_retired_one_never():
    result = _settle(missing("C1", READ), retired("C2", READ), listed=set())
    assert not result.changed
    assert [told.partitions for told in result.diagnostics] == [("C1",)]


def test_a_retired_partition_that_is_back_is_mentioned_and_changes_no_status():
    [told] = _settle(retired("C2", READ), listed={"C2"}).diagnostics
    assert (told.code, told.severity, told.partitions) == (DiagnosticCode.RANGE_UNPROVEN, Severity.INFO, ("C2",))


@pytest.mark.requirement("PR-2.3", "PR-2.6")
def test_what_was_not_read_to_its_beginning_is_unproven():
    states = [state("C1", READ), state("C2", ("3.0", "9.0")), state("C3"), state("C4", legacy_floor="7.0")]
    [told] = _settle(*states, listed={"C1", "C2", "C3", "C4"}).diagnostics
    assert (told.code, told.severity) == (DiagnosticCode.RANGE_UNPROVEN, Severity.GAP)
    assert told.partitions == ("C2", "C3", "C4")


def test_what_the_source_hides_is_told_apart_from_what_we_did_not_read():
    limited = state("C1", ("4.0", "9.0"), limited_before="4.0")
    [told] = _settle(limited, listed={"C1"}).diagnostics
    assert (told.code, told.severity, told.partitions) == (DiagnosticCode.SOURCE_LIMITED, Severity.INFO, ("C1",))


def test_a_partition_that_was_asked_for_and_does_not_exist_is_not_passed_over_in_silence():
    [told] = _settle(state("C1", READ), listed={"C1"}, scope={"C1", "C9"}).diagnostics
    assert (told.code, told.severity, told.partitions) == (DiagnosticCode.RANGE_UNPROVEN, Severity.GAP, ("C9",))


def test_what_was_not_swept_lately_is_a_fact_beside_the_diagnostics():
    result = _settle(state("C1", READ, first_seen=EARLIER), listed={"C1"})
    assert (result.diagnostics, result.looks.unswept) == ((), Unswept(1, EARLIER))


@pytest.mark.requirement("RS-4.7")
def test_partitions_that_a_run_did_not_look_at_again_are_counted():
    states = {key: state(key, READ, refreshed_at=EARLIER) for key in ("C1", "C2", "C3")} | {"C4": state("C4")}
    found = settle(states=states, inventory=InventoryResult(frozenset(states), True), rule=RULE, at=AT, looked={"C1"})
    assert (found.unlooked, found.looks.partitions) == (2, 3)


keys = st.sampled_from("ABCDEFGH")
known = st.dictionaries(keys, st.sampled_from([state, missing, retired]))


@pytest.mark.requirement("PR-1.1", "PR-1.4", "PR-1.5", "PR-1.6", "PR-1.7")
@given(known, st.sets(keys), st.booleans(), st.none() | st.sets(keys, min_size=1))
def test_missing_is_exactly_what_was_known_in_scope_is_not_listed_and_not_retired(entries, listed, complete, scope):
    # A listed partition is present before settling: observing the inventory saw to it.
    builders = {key: state if key in listed and make is missing else make for key, make in entries.items()}
    result = _settle(
        *(make(key, READ) for key, make in builders.items()), listed=listed, complete=complete, scope=scope
    )
    named = {key for told in _told(result, MISSING) for key in told.partitions or ()}
    judged = {key for key in builders if scope is None or key in scope}
    expected = {key for key in judged if key not in listed and builders[key] is not retired}
    assert named == (expected if complete else set())
    assert {entry.key for entry in result.changed} == {key for key in named if builders[key] is state}
    assert bool(_told(result, DiagnosticCode.INVENTORY_UNPROVEN)) != complete
