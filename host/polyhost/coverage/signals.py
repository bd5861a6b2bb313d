"""Every signal a projection can raise, as one table: what it means, how severe it is, who can mend it and by what.

Owns: the closed list of reasons (`RULES`), severities, statuses, the commands that go with them. Must not know: how a
signal is found (access, reach), what all of them together come to (verdict).

A condition is a claim that holds, does not, or cannot be told: `collected`, `covered`, `fresh`, `scheduled`,
`signed_in`, `runtime_ready`; `reason` says why. Severity: info changes nothing; advisory is worth knowing and nobody's
duty; warning and error count. Each cause is severe on one axis only; others mention it as info.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, get_args

__all__ = [
    "AXES",
    "GOING_ON",
    "RULES",
    "Axis",
    "By",
    "CollectionStatus",
    "Command",
    "ConditionType",
    "CoverageStatus",
    "CredentialsStatus",
    "FreshnessStatus",
    "Rule",
    "RuntimeStatus",
    "ScheduleStatus",
    "SignalSeverity",
    "Truth",
]

Truth = Literal["true", "false", "unknown"]
ConditionType = Literal["collected", "covered", "fresh", "scheduled", "signed_in", "runtime_ready"]
"""The claim of an axis's conditions."""

CollectionStatus = Literal["needs_owner", "failing", "interrupted", "ok", "unknown"]
CoverageStatus = Literal["partial", "unproven", "limited", "complete"]
FreshnessStatus = Literal["stale", "fresh", "unknown"]
ScheduleStatus = Literal["paused", "waiting", "off", "automatic", "manual"]
CredentialsStatus = Literal["disconnected", "needs_owner", "ok", "unknown"]
RuntimeStatus = Literal["failing", "ok", "unknown"]
"""Where conditions of an axis differ, the status that stands first wins."""


class Axis(StrEnum):
    """What is judged apart from everything else. The value is the axis, as it is shown."""

    COLLECTION = "collection"
    COVERAGE = "coverage"
    FRESHNESS = "freshness"
    SCHEDULE = "schedule"
    CREDENTIALS = "credentials"
    RUNTIME = "runtime"


class SignalSeverity(StrEnum):
    """How much a condition matters, most severe last."""

    INFO = "info"
    ADVISORY = "advisory"
    WARNING = "warning"
    ERROR = "error"


class By(StrEnum):
    """Who can mend it."""

    OWNER = "owner"
    NEXT_RUN = "next_run"
    ELSEWHERE = "elsewhere"


class Command(StrEnum):
    """What the owner types, with connection, source, stream and partition filled in."""

    RUN = "polyhost run {connection}"
    RUN_FILES = "polyhost run {connection} --files"
    RUNS = "polyhost runs {connection}"
    RECONNECT = "polyhost connect {source} --name {connection} --renew"
    COVERAGE = "polyhost coverage {connection}"
    HOSTS = "polyhost hosts {connection}"
    EXCEPTIONS = "polyhost exceptions {connection}"
    RETIRE = "polyhost partitions retire {connection} {stream} {partition}"
    IMPORT = "polyhost import {connection} FILE"
    IMPORT_FILES = "polyhost import {connection} FILE --files"
    WATCHED = "polyhost import {connection} --watched"
    SOURCES = "polyhost polyfill list"
    SERVE = "polyhost serve"


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the decision table. `sentence` is what the owner reads; `mend`, what would help."""

    axis: Axis
    reason: str
    status: str
    holds: Truth
    severity: SignalSeverity
    when: str
    sentence: str
    by: By | None = None
    mend: str = ""
    command: Command | None = None


AXES: Mapping[Axis, tuple[ConditionType, tuple[str, ...]]] = {
    Axis.COLLECTION: ("collected", get_args(CollectionStatus)),
    Axis.COVERAGE: ("covered", get_args(CoverageStatus)),
    Axis.FRESHNESS: ("fresh", get_args(FreshnessStatus)),
    Axis.SCHEDULE: ("scheduled", get_args(ScheduleStatus)),
    Axis.CREDENTIALS: ("signed_in", get_args(CredentialsStatus)),
    Axis.RUNTIME: ("runtime_ready", get_args(RuntimeStatus)),
}
"""Per axis: the type of its conditions, and its statuses."""

_C, _K, _F, _S, _A, _R = Axis
_INFO, _ADVISORY, _WARNING, _ERROR = SignalSeverity

_TABLE = (
    Rule(_C, "never_tried", "unknown", "unknown", _INFO, "no run or import has ended",
         "Nothing was collected yet.", By.NEXT_RUN, "Run it for the first time.", Command.RUN),
    Rule(_C, "in_progress", "unknown", "unknown", _INFO, "a run is going on; the status stays that of the one before",
         "A run is going on."),
    Rule(_C, "run_paused", "unknown", "unknown", _INFO, "the same, and the owner has paused it",
         "A run is going on; you have paused it."),
    Rule(_C, "question_open", "needs_owner", "unknown", _WARNING, "a run is going on and waits for the owner's answer",
         "A run waits for your answer.", By.OWNER,
         "Answer in the terminal it runs in, or on the dashboard under Questions.", Command.RUNS),
    Rule(_C, "succeeded", "ok", "true", _INFO, "the last one finished, with or without gaps",
         "The last run or import finished."),
    Rule(_C, "nothing_new", "ok", "true", _INFO, "the last one finished and all it read was known",
         "Nothing was new: all {count:,} records read were known already."),
    Rule(_C, "cancelled", "interrupted", "false", _INFO, "the last one was cancelled",
         "The last run was cancelled; what it had read is kept.", By.NEXT_RUN, "The next run goes on from there.",
         Command.RUN),
    Rule(_C, "question_unanswered", "needs_owner", "false", _WARNING, "the last one asked the owner and got no answer",
         "The source asked for something only you can answer.", By.OWNER,
         "Run it in a terminal and answer there.", Command.RUN),
    Rule(_C, "failed", "failing", "false", _ERROR, "the last one failed, and running again may help",
         "The last run failed.", By.NEXT_RUN, "Run it again; it goes on where it stopped.", Command.RUN),
    Rule(_C, "failed_at_source", "failing", "false", _ERROR, "the last one failed for something to do at the source",
         "The source refused the last run.", By.OWNER,
         "Do what the source asks for there; then run it again.", Command.RUN),
    Rule(_C, "failed_for_good", "failing", "false", _ERROR, "the last one failed, and no run will change that",
         "The last run failed, and running it again does not change that.", By.ELSEWHERE,
         "An update of the connector may."),
    Rule(_C, "cause_elsewhere", "failing", "false", _WARNING,
         "the last one failed for a cause that is another axis's to name", "The last run ended early.", By.NEXT_RUN,
         "Once its cause is mended, the next run goes on where it stopped.", Command.RUN),
    Rule(_C, "files_refused", "unknown", "false", _ADVISORY,
         "files of the watched folder were refused and are still there; the status stays that of the last one",
         "Files in the watched folder that could not be imported{times}.", By.OWNER,
         "See which, and why; then correct them, or move them away.", Command.WATCHED),

    Rule(_K, "nothing_collected", "unproven", "unknown", _INFO, "nothing is covered yet",
         "Nothing is covered yet."),
    Rule(_K, "blocking_gap", "partial", "false", _ERROR, "a gap of a kind the manifest declares blocking is open",
         "{code} in {stream}, without which this source's data cannot be used.", By.NEXT_RUN,
         "{action}", Command.RUN),
    Rule(_K, "partitions_missing", "partial", "false", _WARNING, "partitions that were observed have vanished",
         "Gone from the inventory of {stream}: {count:,}.", By.OWNER,
         "They resume by themselves when they come back; or retire them.", Command.COVERAGE),
    Rule(_K, "partition_missing", "partial", "false", _WARNING, "one partition that was observed has vanished",
         "Gone from the inventory of {stream}: {partition}.", By.OWNER,
         "It resumes by itself when it comes back; or retire it.", Command.RETIRE),
    Rule(_K, "holes", "partial", "false", _WARNING, "partitions are not read from their beginning",
         "Not read completely in {stream}: {count:,}.", By.NEXT_RUN, "The next run reads exactly what is missing.",
         Command.RUN),
    Rule(_K, "exceptions", "partial", "false", _WARNING,
         "records that cannot be stored, or groups that cannot be read, stand out of what is covered",
         "In {stream}, {count:,} could not be taken; everything around is covered.", By.NEXT_RUN,
         "Each run tries them again; see which they are, or set them aside.", Command.EXCEPTIONS),
    Rule(_K, "gap_open", "partial", "false", _WARNING, "a gap of any other kind was found and not closed since",
         "{code} in {stream}{times}.", By.NEXT_RUN, "{action}", Command.RUN),
    Rule(_K, "media_missing", "partial", "false", _ADVISORY, "records were accepted without their media",
         "Records of {stream} without their media{times}.", By.OWNER, "{action}", Command.RUN_FILES),
    Rule(_K, "media_missing_in_file", "partial", "false", _ADVISORY, "a file's records came without their media",
         "Records of {stream} in an imported file without their media{times}.", By.OWNER, "{action}",
         Command.IMPORT_FILES),
    Rule(_K, "inventory_unproven", "unproven", "unknown", _WARNING,
         "the last whole run could not enumerate the partitions completely",
         "What partitions {stream} has could not be enumerated completely.", By.NEXT_RUN,
         "Run again; if it stays, check what the account may list.", Command.RUN),
    Rule(_K, "not_enumerated", "unproven", "unknown", _INFO, "no whole run of a partitioned stream has finished",
         "No run over all of {stream} has finished yet."),
    Rule(_K, "imported_only", "unproven", "unknown", _INFO, "partitions are known from imported files alone",
         "Known from imported files only in {stream}: {count:,}."),
    Rule(_K, "no_denominator", "unproven", "unknown", _INFO, "no stream is partitioned: nothing says how much there is",
         "This source does not say how much there is, so nothing proves that all of it is here."),
    Rule(_K, "source_limited", "limited", "true", _INFO, "the source hides what is older, or stretches of it",
         "The source hides part of the history in {stream}: {count:,}."),
    Rule(_K, "covered", "complete", "true", _INFO, "every partition is whole, the inventory complete, no gap open",
         "Everything the source lists is covered."),

    Rule(_F, "no_contact", "unknown", "unknown", _INFO,
         "no run over everything has reached the source, and no file tells a time",
         "The source itself was never read as a whole."),
    Rule(_F, "no_expectation", "unknown", "unknown", _INFO, "nothing says when its data goes stale",
         "Nothing says when this goes stale."),
    Rule(_F, "fresh", "fresh", "true", _INFO, "contact is not longer ago than the manifest allows",
         "Up to date until {until}."),
    Rule(_F, "contact_ahead", "unknown", "unknown", _ADVISORY, "the contact is dated later than now: a clock was wrong",
         "The last contact is dated {since}, which lies ahead: the clock was wrong then, or is now.", By.OWNER,
         "Run it again; the next contact is dated anew.", Command.RUN),
    Rule(_F, "stale", "stale", "false", _ADVISORY, "longer ago, and only the owner starts runs",
         "Not brought up to date since {since}.", By.OWNER, "Run it again.", Command.RUN),
    Rule(_F, "file_reaches", "unknown", "unknown", _ADVISORY, "known from files alone, and not known to be old",
         "The newest file reaches to {since}.", By.OWNER, "{action}", Command.IMPORT),
    Rule(_F, "artifact_old", "stale", "false", _ADVISORY, "known from files alone, and they reach to an older time",
         "The newest file reaches to {since}.", By.OWNER, "{action}", Command.IMPORT),
    Rule(_F, "overdue", "stale", "false", _WARNING, "longer ago, although runs start by themselves",
         "Not brought up to date since {since}, although runs start by themselves.", By.NEXT_RUN,
         "The next run brings it up to date.", Command.RUN),

    Rule(_S, "manual", "manual", "false", _INFO, "only the owner starts runs", "Runs when you start it."),
    Rule(_S, "automatic", "automatic", "true", _INFO, "runs start by themselves", "Runs by itself{every}.{next}"),
    Rule(_S, "backing_off", "automatic", "true", _INFO, "the last runs failed, so the next one waits longer",
         "Runs by itself{every}; {count:,} in a row failed, so it waits longer.{next}"),
    Rule(_S, "quiet_hours", "automatic", "true", _INFO, "a run is due, in the owner's quiet hours",
         "Runs by itself{every}; it waits for the end of your quiet hours.{next}"),
    Rule(_S, "waits_for_owner", "waiting", "false", _INFO, "only the owner can go on after the last run",
         "Runs by itself{every}; not until you have signed in again or started a run."),
    Rule(_S, "not_served", "off", "false", _INFO, "runs would start by themselves, and no `polyhost serve` is running",
         "Would run by itself{every}, but polyhost serve is not running.", By.OWNER, "Keep it running.",
         Command.SERVE),
    Rule(_S, "paused", "paused", "false", _INFO, "the owner has paused it", "Paused by you{until}."),

    Rule(_A, "untried", "unknown", "unknown", _INFO, "no run has reached the source with the owner's access",
         "Not tried yet."),
    Rule(_A, "not_used", "unknown", "unknown", _INFO, "made from a recording or demo", "Made from a recording."),
    Rule(_A, "not_needed", "unknown", "unknown", _INFO, "made from files alone, so nobody has to be signed in",
         "Made from files; nobody has to sign in."),
    Rule(_A, "accepted", "ok", "true", _INFO, "a contact succeeded, and nothing since found the owner signed out",
         "The source accepted your access."),
    Rule(_A, "disconnected", "disconnected", "false", _INFO, "the owner has disconnected it, and kept its data",
         "Disconnected by you; what it collected stays.", By.OWNER, "Connect it again to go on.", Command.RECONNECT),
    Rule(_A, "hosts_widened", "needs_owner", "false", _WARNING, "the source reaches further than the owner agreed to",
         "The source wants to reach more than you agreed to: {hosts}.", By.OWNER,
         "Look at what it is. If that is right, agree; until then it is not run.", Command.HOSTS),
    Rule(_A, "hosts_named", "ok", "true", _ADVISORY, "the site has named hosts that the owner has not agreed to",
         "The site names further hosts as its own: {hosts}. They are not reached.", By.OWNER,
         "Look at what they are. If that is right, agree; until then what lies there is not read.", Command.HOSTS),
    Rule(_A, "no_session", "needs_owner", "false", _WARNING, "the source needs a session, and none is saved",
         "There is no saved session.", By.OWNER, "Sign in.", Command.RECONNECT),
    Rule(_A, "signed_out", "needs_owner", "false", _WARNING, "found signed out, and no contact succeeded since",
         "You are signed out.", By.OWNER, "Sign in again; what was collected stays.", Command.RECONNECT),
    Rule(_A, "session_untried", "needs_owner", "false", _WARNING,
         "found signed out; a session was saved since, and no contact has succeeded with it",
         "You have signed in again; no run has tried it yet.", By.OWNER, "Run it.", Command.RUN),

    Rule(_R, "not_told", "unknown", "unknown", _INFO, "nothing has run, or how it ended says nothing of this machine",
         "Nothing is known of how it runs here."),
    Rule(_R, "ran", "ok", "true", _INFO, "the last run got through, whatever it found", "The last run got through."),
    Rule(_R, "died", "failing", "false", _ERROR, "the last run's process ended before it could say anything",
         "The last run's process died.", By.NEXT_RUN, "Run it again; it goes on where it stopped.", Command.RUN),
    Rule(_R, "broke", "failing", "false", _ERROR, "the last run ended with an error of this machine or the connector",
         "The last run broke here ({code}).", By.NEXT_RUN, "Mend what it names, then run it again.", Command.RUN),
    Rule(_R, "source_unreadable", "failing", "false", _ERROR, "the source's manifest cannot be found or read",
         "The source cannot be loaded ({code}).", By.OWNER, "See what is wrong with it.", Command.SOURCES),
)  # fmt: skip

GOING_ON = frozenset({"in_progress", "run_paused"})
"""Reasons that say only that a run goes on: a status is that of the one before."""

RULES: Mapping[str, Rule] = {rule.reason: rule for rule in _TABLE}
