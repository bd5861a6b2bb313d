"""What may never come out of any evidence at all: laws of the projection, over generated evidence."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from checkout import ROOT
from evidences import CONTACT, EARLIER, LONG_AGO, NOW, commands, evidence, failed, gap, imported, reasons, run, stream
from polyhost.coverage.evidence import Evidence, Hold, Policy, Schedule, Session
from polyhost.coverage.facts import Claim, Completeness, Counts
from polyhost.coverage.health import project
from polyhost.coverage.signals import AXES, RULES, Axis, By, SignalSeverity
from polyhost.coverage.verdict import Verdict


def _of_axis(health, axis):
    return [condition for condition in health.conditions if condition.axis is axis]


_moments = st.sampled_from([CONTACT, EARLIER, LONG_AGO, NOW, "9999-12-31T23:59:59Z", "no time", ""])
_codes = st.sampled_from(
    ["partition_missing", "inventory_unproven", "range_unproven", "media_missing", "detail_gap", "stream_failed",
     "signed_out", "connector_crashed", "protocol_violation", "something_new"]
)  # fmt: skip
_counts = st.builds(Counts, new=st.integers(0, 3), unchanged=st.integers(0, 3))
_streams = st.dictionaries(st.sampled_from(["messages", "users"]), _counts, max_size=2)
_gaps = st.lists(
    st.builds(
        gap,
        _codes,
        st.sampled_from([None, "messages", "users"]),
        count=st.none() | st.integers(0, 9),
        blocking=st.booleans(),
        action=st.none() | st.sampled_from(["retry_by_runtime", "Do {this}."]),
    ),
    max_size=3,
).map(tuple)
_evidence_codes = st.lists(
    st.sampled_from(["messages:inventory_complete", "messages:inventory_unproven", "scope_narrowed"]), max_size=3
).map(tuple)
_made = st.builds(
    lambda make, status, at, **over: make(at, status=status, **over),
    st.sampled_from([run, imported]),
    st.sampled_from(["complete", "complete_with_gaps", "failed", "needs_owner", "cancelled", "running", "strange"]),
    _moments,
    streams=_streams,
    gaps=_gaps,
    completeness=st.builds(Completeness, st.sampled_from(Claim), _evidence_codes),
    recorded=st.booleans(),
    event_time=st.none() | st.tuples(_moments, _moments),
    error_code=st.none() | _codes | st.sampled_from(["disk_full", "interaction_timeout", "run_failed"]),
    hint=st.none() | st.sampled_from(["refresh_credentials", "upstream_unblock", "not_retriable", "Try again."]),
)
_died = st.builds(lambda at: run(at, "failed", facts=None), _moments)
_attempts = st.lists(_made | _died, max_size=5).map(tuple)
_extent = st.integers(0, 2)
_partitioned = st.builds(
    stream,
    st.sampled_from(["messages", "users"]),
    missing_keys=st.lists(st.text(min_size=1, max_size=4), max_size=2).map(tuple),
    **dict.fromkeys(
        ("missing", "untouched", "partial", "imported", "limited", "complete", "became", "deleted", "retired"), _extent
    ),
)
_stored = _partitioned | st.builds(lambda of: replace(of, summary=None), _partitioned)
_schedules = st.builds(
    Schedule,
    policy=st.sampled_from(Policy),
    paused=st.booleans(),
    paused_until=st.none() | _moments,
    next_due=st.none() | _moments,
    since=st.none() | _moments,
    every_seconds=st.none() | st.integers(1, 10**7),
    hold=st.none() | st.sampled_from(Hold),
    failures=st.integers(0, 9),
)
_evidence = st.builds(
    lambda attempts, **over: replace(evidence(), attempts=attempts, **over),
    _attempts,
    connection=st.sampled_from(["work", "a b"]),
    nature=st.sampled_from(["live", "test", "replay", "demo"]),
    streams=st.lists(_stored, max_size=3).map(tuple),
    blocking=st.frozensets(_codes, max_size=2),
    schedule=_schedules,
    session=st.none() | st.builds(Session, saved_at=st.none() | _moments),
    maximum_staleness_seconds=st.none() | st.integers(1, 10**12),
    source_problem=st.none() | st.just("manifest_no_json"),
)
_now = _moments


@given(_evidence, _now)
def test_any_evidence_has_one_health_that_is_json(of: Evidence, now: str):
    """Total, and the same each time; statuses and types are those of the table."""
    health = project(of, now)
    assert project(of, now) == health
    shown = json.loads(json.dumps(health.as_json()))
    assert shown == health.as_json()
    for axis, view in health.axes.items():
        assert view["status"] in AXES[axis][1]
        assert any(condition.axis == axis for condition in health.conditions)


@given(_evidence, _now)
def test_the_owner_is_needed_exactly_as_often_as_there_is_something_to_type(of: Evidence, now: str):
    """An actionless signal never asks; what asks is shown; the count is that of the rows."""
    health = project(of, now)
    assert health.needs_you == len(health.next_actions) == len(set(commands(health.next_actions)))
    asks = health.verdict is Verdict.ATTENTION
    assert not asks or health.next_actions
    assert not health.next_actions or health.verdict in {Verdict.ATTENTION, Verdict.FAILED}
    offered = [*health.next_actions, *health.suggestions]
    typed = {c.remediation.command for c in health.conditions if c.remediation is not None and c.remediation.command}
    assert set(commands(offered)) == typed
    done = [(action.command, action.sentence if action.command.endswith(" FILE") else "") for action in offered]
    assert len(done) == len(set(done))
    for action in health.next_actions:
        assert RULES[action.reason].severity in {SignalSeverity.WARNING, SignalSeverity.ERROR}
        assert RULES[action.reason].by in {By.OWNER, By.NEXT_RUN}


@given(_evidence, _now)
@pytest.mark.requirement("CH-1.5")
def test_nothing_is_well_beside_what_is_not(of: Evidence, now: str):
    """Failed comes from errors and from nothing else; healthy never stands beside a failing or blocked axis."""
    health = project(of, now)
    grave = {condition.rule.severity for condition in health.conditions}
    assert (health.verdict is Verdict.FAILED) == (SignalSeverity.ERROR in grave)
    if health.verdict in {Verdict.HEALTHY, Verdict.IDLE, Verdict.UNKNOWN}:
        assert "failing" not in {view["status"] for view in health.axes.values()}
        assert "needs_owner" not in {view["status"] for view in health.axes.values()}
    if health.verdict is Verdict.HEALTHY:
        assert health.axes[Axis.COLLECTION]["status"] in {"ok", "interrupted"}


@given(_evidence, _now, _moments)
@pytest.mark.requirement("CH-1.2")
def test_time_alone_fails_nothing_and_heals_nothing(of: Evidence, now: str, later: str):
    """Staleness is not a failure, and no axis but freshness looks at the clock."""
    one, other = project(of, now), project(of, later)
    assert (one.verdict is Verdict.FAILED) == (other.verdict is Verdict.FAILED)
    for axis in set(Axis) - {Axis.FRESHNESS}:
        assert one.axes[axis] == other.axes[axis]
    assert commands(one.next_actions) == commands(other.next_actions)


@given(_evidence, _now)
@pytest.mark.requirement("CH-1.2")
def test_what_only_the_owner_can_bring_up_to_date_never_asks_and_never_fails(of: Evidence, now: str):
    """Where nobody but the owner starts runs, age is worth knowing and nobody's fault, however old."""
    by_hand = replace(of, schedule=Schedule())
    health = project(by_hand, now)
    aged = _of_axis(health, Axis.FRESHNESS)
    assert not any(condition.counts for condition in aged)
    assert not {action.reason for action in health.next_actions} & {condition.rule.reason for condition in aged}
    assert health.verdict is Verdict.FAILED or project(by_hand, CONTACT).verdict is not Verdict.FAILED


@given(_evidence, _schedules, _now)
@pytest.mark.requirement("CH-1.1")
def test_a_schedule_colours_nothing_but_itself(of: Evidence, schedule: Schedule, now: str):
    """Not another axis, not what coverage, credentials or the machine have to say, not how far anything reaches; and a
    schedule by itself is nothing that counts, whatever holds it up."""
    one, other = project(of, now), project(replace(of, schedule=schedule), now)
    for axis in set(Axis) - {Axis.SCHEDULE}:
        assert one.axes[axis] == other.axes[axis]
    for axis in set(Axis) - {Axis.SCHEDULE, Axis.FRESHNESS}:
        assert _of_axis(one, axis) == _of_axis(other, axis)
    assert (one.covered_through, one.streams) == (other.covered_through, other.streams)
    assert (one.verdict is Verdict.FAILED) == (other.verdict is Verdict.FAILED)
    assert not any(condition.counts for condition in _of_axis(other, Axis.SCHEDULE))


def test_a_run_that_never_reached_the_source_leaves_a_connection_of_files_what_it_is():
    of = replace(evidence(imported()), session=Session(saved_at=None))
    tried = replace(of, attempts=(failed(), *of.attempts))
    assert [project(one, CONTACT).axes[Axis.CREDENTIALS]["status"] for one in (of, tried)] == ["unknown", "unknown"]


@given(_evidence, _now, st.lists(st.sampled_from([failed(), run(status="cancelled"), imported()]), max_size=4))
def test_credentials_that_need_the_owner_stay_so_whatever_happens_without_contact(of: Evidence, now: str, since):
    could_sign_in = of.session is None or of.session.saved_at is not None
    # Where nobody has signed in yet, the first file tells that files are all there will be.
    assume(could_sign_in or of.lives_on_files or not any(one.is_import for one in since))
    before = project(of, now).axes[Axis.CREDENTIALS]["status"]
    after = project(replace(of, attempts=(*since, *of.attempts)), now).axes[Axis.CREDENTIALS]["status"]
    assert after == before


@given(_evidence, _now)
def test_complete_is_said_only_where_every_partition_is_whole_and_listed(of: Evidence, now: str):
    health = project(of, now)
    complete = health.axes[Axis.COVERAGE]["status"] == "complete"
    assert ("covered" in reasons(health)) == complete
    if not complete:
        return
    partitioned = [each for each in of.streams if each.summary is not None]
    assert partitioned
    for each in partitioned:
        assert not each.count("missing", "untouched", "partial", "imported", "limited")


def test_the_tables_in_the_documentation_are_those_in_the_code():
    found = subprocess.run(
        [sys.executable, ROOT / "scripts" / "health-table", "--check"], capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stdout + found.stderr
