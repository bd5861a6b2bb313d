"""States and rules in one short line each."""

from polyhost.ledger.state import CursorOrder, PartitionRule, PartitionState, PartitionStatus, Range, RefreshPolicy

AT = "2026-11-22T10:00:00+00:00"
EARLIER = "2026-11-20T10:00:00+00:00"


def rule(*, lookback: int = 2, budget: int = 10, interval: int = 86_400) -> PartitionRule:
    policy = RefreshPolicy(lookback_records=lookback, requests_per_run=budget, interval_seconds=interval)
    return PartitionRule(
        stream="messages",
        field="channel",
        cursor_field="ts",
        order=CursorOrder.DECIMAL,
        group_field="thread",
        refresh=policy,
    )


RULE = rule()


def ranges(*bounds: tuple[str | None, str]) -> tuple[Range, ...]:
    return tuple(Range(since, until) for since, until in bounds)


def state(key: str = "C1", *bounds: tuple[str | None, str], **facts: str | None) -> PartitionState:
    facts = {"first_seen": AT, "last_seen": AT, **facts}
    return PartitionState(stream="messages", key=key, covered=ranges(*bounds), **facts)  # type: ignore[arg-type]


def missing(key: str = "C1", *bounds: tuple[str | None, str], **facts: str | None) -> PartitionState:
    return state(key, *bounds, status=PartitionStatus.MISSING, missing_since=EARLIER, **facts)


def retired(key: str = "C1", *bounds: tuple[str | None, str], **facts: str | None) -> PartitionState:
    gone = {"missing_since": EARLIER, "retired_at": EARLIER, "retired_reason": "left", **facts}
    return state(key, *bounds, status=PartitionStatus.RETIRED, **gone)
