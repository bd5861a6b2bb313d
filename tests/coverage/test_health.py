"""Health is a projection: each line of the decision table, and each clause of CH-1."""

import shlex
from dataclasses import replace

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidences import CONTACT, EARLIER, LONG_AGO, NOW, commands, evidence, failed, gap, imported, reasons, run, stream
from polyhost.cli.main import cli
from polyhost.coverage.evidence import Evidence, Hold, Policy, RefusedFiles, Schedule, Session
from polyhost.coverage.facts import Claim, Completeness, Counts
from polyhost.coverage.health import project
from polyhost.coverage.signals import AXES, GOING_ON, RULES, Axis, SignalSeverity
from polyhost.coverage.verdict import VERDICTS, Verdict

IN_TWO_YEARS = "2028-11-22T07:00:00.000Z"
AUTOMATIC = Schedule(policy=Policy.AUTOMATIC, every_seconds=3600, next_due="2026-11-22T09:00:00.000Z")
UNLISTED = Completeness(Claim.PARTIAL, ("messages:inventory_unproven",))
NARROWED = Completeness(Claim.PARTIAL, ("scope_narrowed", "messages:inventory_complete"))
FILE = {"streams": (stream(complete=0, imported=4, through="2026-10-01T00:00:00.000Z"),)}
RUNNING = run(status="running", facts=None)
SIGNED_OUT = run(status="needs_owner", error_code="signed_out")


CASES: dict[str, tuple[Evidence, Verdict]] = {
    "never_tried": (replace(evidence(), attempts=()), Verdict.UNKNOWN),
    "in_progress": (evidence(run(status="running", facts=None), run(EARLIER)), Verdict.HEALTHY),
    "run_paused": (evidence(replace(RUNNING, paused=True), run(EARLIER)), Verdict.HEALTHY),
    "question_open": (evidence(replace(RUNNING, asked_since=CONTACT), run(EARLIER)), Verdict.ATTENTION),
    "succeeded": (evidence(), Verdict.HEALTHY),
    "nothing_new": (evidence(run(streams={"messages": Counts(unchanged=7)})), Verdict.HEALTHY),
    "cancelled": (evidence(run(status="cancelled"), run(EARLIER)), Verdict.IDLE),
    "question_unanswered": (evidence(run(status="needs_owner", error_code="interaction_timeout")), Verdict.ATTENTION),
    "failed": (evidence(failed()), Verdict.FAILED),
    "failed_at_source": (evidence(failed(hint="upstream_unblock")), Verdict.FAILED),
    "failed_for_good": (evidence(failed(hint="update_selector")), Verdict.FAILED),
    "cause_elsewhere": (evidence(SIGNED_OUT), Verdict.ATTENTION),
    "files_refused": (replace(evidence(), attempts=(), refused_files=RefusedFiles(2, CONTACT)), Verdict.UNKNOWN),
    "nothing_collected": (
        evidence(run(status="failed", facts=None), streams=(stream(complete=0, untouched=3),)),
        Verdict.FAILED,
    ),
    "blocking_gap": (
        evidence(run(status="failed", gaps=(gap("media_missing", blocking=True),))),
        Verdict.FAILED,
    ),
    "partitions_missing": (evidence(streams=(stream(missing=2, missing_keys=("C1", "C2")),)), Verdict.ATTENTION),
    "partition_missing": (evidence(streams=(stream(missing=1, missing_keys=("C1",)),)), Verdict.ATTENTION),
    "holes": (evidence(streams=(stream(partial=1, untouched=1),)), Verdict.DEGRADED),
    "exceptions": (evidence(streams=(replace(stream(), exceptions={"record_exception": 1}),)), Verdict.DEGRADED),
    "gap_open": (evidence(run(gaps=(gap("detail_gap", count=3),))), Verdict.DEGRADED),
    "media_missing": (evidence(run(gaps=(gap("media_missing"),))), Verdict.HEALTHY),
    "media_missing_in_file": (evidence(imported(gaps=(gap("media_missing"),)), run(EARLIER)), Verdict.HEALTHY),
    "inventory_unproven": (evidence(run(completeness=UNLISTED)), Verdict.DEGRADED),
    "not_enumerated": (evidence(run(completeness=NARROWED)), Verdict.IDLE),
    "imported_only": (evidence(streams=(stream(imported=4),)), Verdict.HEALTHY),
    "no_denominator": (evidence(streams=(replace(stream(), summary=None),)), Verdict.HEALTHY),
    "source_limited": (evidence(streams=(stream(limited=2),)), Verdict.HEALTHY),
    "covered": (evidence(), Verdict.HEALTHY),
    "no_contact": (evidence(run(recorded=True), nature="demo"), Verdict.IDLE),
    "no_expectation": (evidence(maximum_staleness_seconds=None), Verdict.HEALTHY),
    "fresh": (evidence(), Verdict.HEALTHY),
    "file_reaches": (evidence(imported(), maximum_staleness_seconds=None, **FILE), Verdict.HEALTHY),
    "contact_ahead": (evidence(run(IN_TWO_YEARS)), Verdict.HEALTHY),
    "stale": (evidence(run(LONG_AGO)), Verdict.IDLE),
    "artifact_old": (evidence(imported(), **FILE), Verdict.IDLE),
    "overdue": (evidence(run(LONG_AGO), schedule=AUTOMATIC), Verdict.DEGRADED),
    "manual": (evidence(), Verdict.HEALTHY),
    "automatic": (evidence(schedule=AUTOMATIC), Verdict.HEALTHY),
    "backing_off": (evidence(failed(), schedule=replace(AUTOMATIC, hold=Hold.BACKING_OFF, failures=1)), Verdict.FAILED),
    "quiet_hours": (evidence(schedule=replace(AUTOMATIC, hold=Hold.QUIET_HOURS)), Verdict.HEALTHY),
    "waits_for_owner": (evidence(SIGNED_OUT, schedule=replace(AUTOMATIC, hold=Hold.NEEDS_OWNER)), Verdict.ATTENTION),
    "not_served": (evidence(schedule=replace(AUTOMATIC, hold=Hold.NOT_SERVED)), Verdict.HEALTHY),
    "paused": (evidence(schedule=replace(AUTOMATIC, paused=True)), Verdict.HEALTHY),
    "untried": (replace(evidence(), attempts=()), Verdict.UNKNOWN),
    "not_used": (evidence(run(recorded=True), nature="demo"), Verdict.IDLE),
    "not_needed": (evidence(imported(), session=Session(), **FILE), Verdict.IDLE),
    "accepted": (evidence(), Verdict.HEALTHY),
    "disconnected": (
        evidence(failed(), SIGNED_OUT, session=Session(), disconnected_at="2026-11-21T00:00:00.000Z"),
        Verdict.IDLE,
    ),
    "hosts_named": (
        replace(evidence(), unagreed_named=("files.example.org, which the site itself names (its files)",)),
        Verdict.HEALTHY,
    ),
    "hosts_widened": (replace(evidence(), unagreed=("any name below evil.example",)), Verdict.ATTENTION),
    "no_session": (evidence(session=Session()), Verdict.ATTENTION),
    "signed_out": (evidence(SIGNED_OUT, run(EARLIER)), Verdict.ATTENTION),
    "session_untried": (evidence(SIGNED_OUT, session=Session(saved_at=NOW)), Verdict.ATTENTION),
    "not_told": (evidence(failed()), Verdict.FAILED),
    "ran": (evidence(), Verdict.HEALTHY),
    "died": (evidence(run(status="failed", facts=None), run(EARLIER)), Verdict.FAILED),
    "broke": (evidence(failed("disk_full"), run(EARLIER)), Verdict.FAILED),
    "source_unreadable": (evidence(streams=(), source_problem="manifest_no_json"), Verdict.FAILED),
}
"""For each line of the table, evidence that comes to it, and the verdict then."""


@pytest.mark.requirement("RS-3")
def test_one_good_run_with_the_clock_two_years_ahead_hides_no_failure_after_it():
    """What is latest is what stands first, whatever is written on it."""
    health = project(evidence(failed(), run(IN_TWO_YEARS)), NOW)
    assert health.verdict is Verdict.FAILED
    assert health.axes[Axis.COLLECTION]["evidence"]["ended_at"] == CONTACT
    assert health.axes[Axis.FRESHNESS]["evidence"]["stale_at"] is None
    [said] = [one for one in health.conditions if one.rule.reason == "contact_ahead"]
    assert "2028-11-22" in said.message


_ENDINGS = st.sampled_from(["complete", "failed", "cancelled", "needs_owner"])
_YEARS = st.integers(1990, 2090).map("{}-11-22T07:00:00.000Z".format)


@given(st.lists(st.tuples(_ENDINGS, _YEARS, _YEARS), min_size=1, max_size=5))
@pytest.mark.requirement("RS-3")
def test_no_shift_of_clocks_changes_what_the_last_run_came_to(tried: list[tuple[str, str, str]]):
    def of(which: int):
        attempts = [replace(run(one[which], one[0]), id=f"run_{number}") for number, one in enumerate(tried)]
        return project(evidence(*attempts), NOW)

    one, other = of(1), of(2)
    assert one.axes[Axis.COLLECTION]["evidence"]["id"] == "run_0"
    for axis in (Axis.COLLECTION, Axis.CREDENTIALS, Axis.RUNTIME, Axis.COVERAGE):
        assert one.axes[axis]["status"] == other.axes[axis]["status"]
    assert (one.verdict is Verdict.FAILED) == (other.verdict is Verdict.FAILED)


@pytest.mark.requirement("RS-3")
def test_a_contact_a_moment_ahead_is_an_ordinary_one():
    assert "fresh" in reasons(project(evidence(run("2026-11-22T08:00:30.000Z")), NOW))


@pytest.mark.requirement("RS-3")
@pytest.mark.parametrize("saved_at", [LONG_AGO, NOW, IN_TWO_YEARS])
@pytest.mark.parametrize("ended_at", [LONG_AGO, CONTACT, IN_TWO_YEARS])
def test_a_session_is_newer_than_a_failure_by_number_whatever_both_clocks_said(saved_at: str, ended_at: str):
    found_out = replace(run(ended_at, "needs_owner", error_code="signed_out"), finished_number=7)
    for number, reason in ((8, "session_untried"), (6, "signed_out")):
        health = project(evidence(found_out, session=Session(saved_at=saved_at, number=number)), NOW)
        assert reason in reasons(health)


def test_every_line_of_the_table_has_a_case():
    assert set(CASES) == set(RULES)
    assert {verdict for _, verdict in CASES.values()} == set(Verdict) == {rule.verdict for rule in VERDICTS}


@pytest.mark.parametrize("reason", RULES)
def test_evidence_comes_to_its_line_and_verdict(reason):
    """Each reason is raised on its axis, whose status is the table's; the verdict is derived last."""
    of, verdict = CASES[reason]
    health = project(of, NOW)
    assert reason in reasons(health)
    assert health.verdict is verdict
    if reason not in GOING_ON:
        assert health.axes[RULES[reason].axis]["status"] == RULES[reason].status


@pytest.mark.requirement("RS-1.1")
def test_of_exceptions_the_ledger_speaks_and_not_the_run_that_met_them():
    """One that has healed, or is set aside, since a run named it, is a gap no more; a new one counts at once."""
    named = evidence(run(gaps=(gap("record_exception", count=3), gap("group_exception"))))
    assert "covered" in reasons(project(named, NOW))
    standing = replace(stream(), exceptions={"record_exception": 2, "group_exception": 1}, exceptions_since=CONTACT)
    (found,) = [
        one for one in project(evidence(streams=(standing,)), NOW).conditions if one.rule.reason == "exceptions"
    ]
    assert (found.count, found.observed_at, found.stream) == (3, CONTACT, "messages")
    strict = project(replace(evidence(streams=(standing,)), blocking=frozenset({"group_exception"})), NOW)
    assert {"blocking_gap", "exceptions"} <= set(reasons(strict))
    flat = replace(standing, summary=None, name="users")
    assert "exceptions" in reasons(project(evidence(streams=(flat,)), NOW))


@pytest.mark.parametrize("reason", RULES)
def test_every_sentence_is_filled_in_and_every_command_can_be_typed(reason):
    """Commands are read by the command line itself: its operations, arguments and options."""
    of, _ = CASES[reason]
    for condition in project(of, NOW).conditions:
        mend = condition.remediation
        said = condition.message + ("" if mend is None else mend.sentence)
        assert said
        assert "{" not in said
        if mend is not None and mend.command is not None:
            program, *words = shlex.split(mend.command)
            assert program == "polyhost"
            assert _is_read_by(cli, words)


def _is_read_by(command: click.Command, words: list[str]) -> bool:
    """Parsed to the end without being carried out; click raises UsageError where it cannot."""
    if not isinstance(command, click.Group):
        return command.make_context(command.name, words) is not None
    _, found, rest = command.resolve_command(click.Context(command), words)
    return found is not None and _is_read_by(found, rest)


def test_a_refused_file_is_worth_knowing_and_makes_nothing_unwell():
    health = project(replace(evidence(), refused_files=RefusedFiles(2, CONTACT)), NOW)
    assert (health.verdict, health.axes[Axis.COLLECTION]["status"]) == (Verdict.HEALTHY, "ok")
    assert "polyhost import work --watched" in commands(health.suggestions)


@pytest.mark.parametrize(
    "before", [(), (run(EARLIER),), (run(LONG_AGO),), (failed(at=EARLIER),), (run(EARLIER, status="cancelled"),)]
)
def test_while_a_run_goes_on_that_is_said_and_nobody_is_told_to_start_one(before):
    health = project(evidence(RUNNING, *before), NOW)
    assert health.running == {"run_id": RUNNING.id, "paused": False, "asked_since": None}
    assert health.verdict is not Verdict.IDLE
    assert [one for one in (*health.next_actions, *health.suggestions) if one.command == "polyhost run work"] == []


def test_a_run_that_waits_for_an_answer_needs_the_owner():
    health = project(evidence(replace(RUNNING, asked_since=CONTACT)), NOW)
    assert (health.summary, health.needs_you) == ("It needs you.", 1)
    assert health.axes[Axis.COLLECTION]["status"] == "needs_owner"


# CH-1, clause by clause


@pytest.mark.requirement("CH-1.1")
def test_each_axis_is_judged_from_its_own_evidence():
    """One thing goes wrong at a time; every other axis stays as it was."""
    good = project(evidence(), NOW)
    changes = {
        Axis.COVERAGE: evidence(streams=(stream(missing=1, missing_keys=("C1",)),)),
        Axis.FRESHNESS: evidence(maximum_staleness_seconds=60),
        Axis.SCHEDULE: evidence(schedule=AUTOMATIC),
        Axis.CREDENTIALS: evidence(session=Session()),
        Axis.RUNTIME: evidence(source_problem="manifest_no_json"),
        Axis.COLLECTION: evidence(run(status="cancelled"), run(EARLIER)),
    }
    assert set(changes) == set(Axis)
    for axis, changed in changes.items():
        worse = project(changed, NOW)
        differing = {other for other in Axis if worse.axes[other]["status"] != good.axes[other]["status"]}
        assert differing == {axis}


@pytest.mark.requirement("CH-1.1")
def test_every_axis_carries_its_evidence_and_since_when():
    axes = project(evidence(), NOW).as_json()["axes"]
    assert set(axes) == set(AXES)
    assert all(view["evidence"] and view["since"] for view in axes.values())


@pytest.mark.requirement("CH-1.2")
def test_a_manual_source_with_an_old_file_shows_how_far_it_reaches_and_how_to_go_on():
    """The file reaches to October: shown, with the command that adds a newer one; nothing has failed."""
    health = project(evidence(imported(), **FILE), NOW)
    shown = health.as_json()
    assert shown["covered_through"] == "2026-10-01T00:00:00.000Z"
    assert shown["axes"]["freshness"]["status"] == "stale"
    assert shown["suggestions"] == [
        {
            "reason": "artifact_old",
            "message": "The newest file reaches to 2026-10-01 00:00.",
            "sentence": "Ask the site for a new export.",
            "command": "polyhost import work FILE",
            "since": "2026-10-02T00:00:00.000Z",
        }
    ]
    assert (shown["verdict"], shown["needs_you"], shown["axes"]["collection"]["status"]) == ("idle", 0, "ok")


@pytest.mark.requirement("CH-1.2")
def test_the_advice_to_add_a_newer_file_is_told_next_to_that_of_a_gap():
    """Both are imports, of different files."""
    photos = gap("media_missing", action="Export with media.")
    for expected in (None, 86_400, 10**9):
        of = evidence(imported(gaps=(photos,)), maximum_staleness_seconds=expected, **FILE)
        told = [(action.command, action.sentence) for action in project(of, NOW).suggestions]
        assert told == [
            ("polyhost import work FILE --files", "Export with media."),
            ("polyhost import work FILE", "Ask the site for a new export."),
        ]


@pytest.mark.requirement("CH-1.2")
@pytest.mark.parametrize("attempts", [(imported(),), (run(status="failed", facts=None), imported()), ()])
def test_what_is_made_of_files_alone_is_never_asked_to_sign_in(attempts):
    of = replace(evidence(session=Session(), watches=True, **FILE), attempts=attempts)
    shown = project(of, NOW)
    assert not [action for action in shown.next_actions if "connect" in action.command]
    assert "no_session" not in reasons(shown)


def test_a_source_that_is_only_imported_is_never_advised_to_run():
    for attempts in ((), (failed(),), (run(status="failed", facts=None),), (run(status="cancelled"),)):
        shown = project(replace(evidence(session=None, runs=False, **FILE), attempts=attempts), NOW)
        told = commands([*shown.next_actions, *shown.suggestions])
        assert told
        assert not [command for command in told if command.startswith("polyhost run")]


@pytest.mark.requirement("CH-1.3")
def test_missing_media_is_a_gap_with_its_action_and_no_failure():
    said = "Download them again while the links last."
    health = project(evidence(run(gaps=(gap("media_missing", count=12, action=said),))), NOW)
    [found] = [condition for condition in health.conditions if condition.rule.reason == "media_missing"]
    assert (found.count, found.stream, found.remediation.sentence) == (12, "messages", said)
    assert health.axes[Axis.COVERAGE]["status"] == "partial"
    assert health.verdict is not Verdict.FAILED


def test_what_a_first_run_had_read_when_it_was_killed_is_covered_all_the_same():
    health = project(evidence(run(status="failed", facts=None), streams=(stream(complete=3, partial=2),)), NOW)
    told = [condition.rule.reason for condition in health.conditions if condition.axis is Axis.COVERAGE]
    assert told == ["holes", "not_enumerated"]


@pytest.mark.requirement("CH-1.4")
def test_a_file_that_was_known_says_so_and_has_not_failed():
    health = project(evidence(imported(streams={"messages": Counts(unchanged=40)}), run(EARLIER)), NOW)
    [found] = [condition for condition in health.conditions if condition.axis is Axis.COLLECTION]
    assert found.message == "Nothing was new: all 40 records read were known already."
    assert health.axes[Axis.COLLECTION]["status"] == "ok"


@pytest.mark.requirement("CH-1.5")
@pytest.mark.parametrize(
    "code", ["media_missing", "detail_gap", "partition_missing", "range_unproven", "inventory_unproven"]
)
def test_a_gap_fails_a_connection_only_where_its_kind_is_declared_blocking(code):
    with_gaps = evidence(
        run(status="complete_with_gaps", gaps=(gap(code),), completeness=UNLISTED),
        streams=(stream(missing=1, missing_keys=("C1",), partial=1),),
    )
    assert project(with_gaps, NOW).verdict is not Verdict.FAILED
    declared = project(replace(with_gaps, blocking=frozenset({code})), NOW)
    assert declared.verdict is Verdict.FAILED
    assert [c.code for c in declared.conditions if c.rule.severity is SignalSeverity.ERROR] == [code]


# what counts as contact, and what closes a gap


def test_a_replay_is_no_contact():
    """Trap 10: a local copy says nothing of the source."""
    health = project(evidence(run(recorded=True)), NOW)
    assert health.axes[Axis.FRESHNESS]["status"] == "unknown"
    assert health.axes[Axis.CREDENTIALS]["status"] == "unknown"


def test_a_narrow_run_proves_access_but_freshens_nothing():
    health = project(evidence(run(completeness=NARROWED), run(LONG_AGO)), NOW)
    assert health.axes[Axis.CREDENTIALS]["status"] == "ok"
    assert health.axes[Axis.FRESHNESS]["status"] == "stale"


def test_nothing_but_a_contact_heals_credentials():
    """Crashes, cancels, files and recordings came since; only a run that got in says that one can get in."""
    since = [failed(), run(status="cancelled"), imported(), run(recorded=True)]
    assert project(evidence(*since, SIGNED_OUT, run(LONG_AGO)), NOW).axes[Axis.CREDENTIALS]["status"] == "needs_owner"
    assert project(evidence(run(), *since, SIGNED_OUT), NOW).axes[Axis.CREDENTIALS]["status"] == "ok"


def test_a_run_that_finished_signed_out_of_a_part_is_no_contact():
    half = run(status="complete_with_gaps", gaps=(gap("signed_out", None),))
    assert project(evidence(half, run(EARLIER)), NOW).axes[Axis.CREDENTIALS]["status"] == "needs_owner"


def test_a_committed_cursor_or_a_count_proves_no_coverage():
    """Trap 12: without a known denominator nothing is called complete."""
    counted = evidence(streams=(replace(stream(), summary=None, records=1_000_000),))
    assert project(counted, NOW).axes[Axis.COVERAGE]["status"] == "unproven"


def test_a_gap_stands_until_a_run_has_looked_there_again():
    broken = run(EARLIER, status="complete_with_gaps", gaps=(gap("stream_failed", "users"),))
    users = {"messages": Counts(), "users": Counts()}
    assert "gap_open" in reasons(project(evidence(run(), broken), NOW))
    assert "gap_open" in reasons(project(evidence(run(streams=users, completeness=NARROWED), broken), NOW))
    assert "gap_open" not in reasons(project(evidence(run(streams=users), broken), NOW))


def test_a_gap_in_records_stands_until_those_are_read_again():
    without = run(EARLIER, gaps=(gap("media_missing"),))
    new_only = run(event_time=("2026-11-22T05:30:00Z", "2026-11-22T06:00:00Z"))
    assert "media_missing" in reasons(project(evidence(new_only, without), NOW))
    assert "media_missing" not in reasons(project(evidence(run(), without), NOW))


def test_retiring_a_vanished_partition_is_seen_at_once():
    """The ledger speaks, not what a run said of it then."""
    then = run(status="complete_with_gaps", gaps=(gap("partition_missing", count=1),))
    assert project(evidence(then, streams=(stream(retired=1),)), NOW).verdict is Verdict.HEALTHY


def test_names_are_quoted_in_commands():
    health = project(evidence(streams=(stream(missing=1, missing_keys=("C1; rm -rf ~",)),)), NOW)
    assert commands(health.next_actions) == ["polyhost partitions retire work messages 'C1; rm -rf ~'"]


def test_one_command_is_asked_for_once():
    both = evidence(failed("disk_full"), streams=(stream(partial=2),))
    health = project(both, NOW)
    assert commands(health.next_actions) == ["polyhost run work"]
    assert health.suggestions == []


def test_what_stands_in_the_way_of_the_rest_is_asked_for_first():
    health = project(evidence(SIGNED_OUT, streams=(stream(missing=2, missing_keys=("C1", "C2")),)), NOW)
    assert [action.reason for action in health.next_actions] == ["signed_out", "partitions_missing"]


def test_a_failure_does_not_ask_for_the_owner_while_runs_start_by_themselves():
    health = project(evidence(failed(), schedule=AUTOMATIC), NOW)
    assert (health.verdict, health.needs_you, commands(health.suggestions)) == (
        Verdict.FAILED,
        0,
        ["polyhost run work"],
    )


def test_an_action_says_since_when_it_has_been_called_for():
    """However often it was found again; a vanished partition, since it vanished."""
    again = evidence(SIGNED_OUT, replace(SIGNED_OUT, id="run_before", started_at=EARLIER, finished_at=EARLIER))
    assert [action.since for action in project(again, NOW).next_actions] == [EARLIER]
    gone = evidence(streams=(stream(missing=1, missing_keys=("C1",)),))
    assert [action.since for action in project(gone, NOW).next_actions] == ["2026-11-20T00:00:00.000Z"]


def test_since_is_when_the_present_state_began():
    health = project(evidence(failed(), failed(at=EARLIER), run(LONG_AGO)), NOW)
    assert health.axes[Axis.COLLECTION]["since"] == EARLIER


def test_a_failure_asks_for_the_owner_where_nobody_is_there_to_start_the_next_run():
    """Automatic on paper is not enough."""
    for hold in (Hold.NOT_SERVED, Hold.NEEDS_OWNER):
        assert project(evidence(failed(), schedule=replace(AUTOMATIC, hold=hold)), NOW).needs_you == 1
    for hold in (None, Hold.BACKING_OFF, Hold.QUIET_HOURS):
        assert project(evidence(failed(), schedule=replace(AUTOMATIC, hold=hold)), NOW).needs_you == 0


def test_a_schedule_is_said_in_one_sentence():
    said = {
        reason: next(c.message for c in project(of, NOW).conditions if c.axis is Axis.SCHEDULE)
        for reason, (of, _) in CASES.items()
        if RULES[reason].axis is Axis.SCHEDULE
    }
    due = "The next is due at 2026-11-22 09:00 UTC."
    assert said["automatic"] == f"Runs by itself every hour. {due}"
    assert said["backing_off"] == f"Runs by itself every hour; 1 in a row failed, so it waits longer. {due}"
    assert said["not_served"] == "Would run by itself every hour, but polyhost serve is not running."
