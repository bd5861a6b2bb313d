"""What a run tells is counted, named and bounded (requirements PR-1.2; 8 KiB in all)."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playbooks import done, manifest, play, record, skip, stream
from polyhost.protocol.diagnostics import MAX_RUN_BYTES, Diagnostic, DiagnosticCode, Severity, bound_diagnostics
from polyhost.protocol.findings import MAX_FINDINGS, Findings


def size(diagnostics) -> int:
    return len(
        json.dumps([found.as_json() for found in diagnostics], ensure_ascii=False, separators=(",", ":")).encode()
    )


DIAGNOSTICS = st.builds(
    Diagnostic,
    code=st.sampled_from(list(DiagnosticCode)),
    severity=st.sampled_from(list(Severity)),
    message=st.text(max_size=300),
    stream=st.none() | st.text(max_size=130),
    partitions=st.none() | st.lists(st.text(max_size=400), max_size=60).map(tuple),
    count=st.none() | st.integers(0, 10**9),
)


@pytest.mark.requirement("PR-1.2")
@given(found=st.lists(DIAGNOSTICS, max_size=60))
def test_all_diagnostics_of_a_run_fit_and_a_cut_shows(found):
    kept = bound_diagnostics(found)
    assert size(kept) <= MAX_RUN_BYTES
    assert len(kept) == len(found) or not kept or kept[-1].truncated
    ranks = [list(reversed(Severity)).index(diagnostic.severity) for diagnostic in kept]
    assert ranks == sorted(ranks)


def test_partition_keys_give_way_before_a_diagnostic_does():
    keys = tuple("k" * 1000 + str(number) for number in range(50))
    (kept,) = bound_diagnostics(
        [Diagnostic(code=DiagnosticCode.PARTITION_MISSING, severity=Severity.GAP, message="m", partitions=keys)]
    )
    assert kept.partitions is not None
    assert 0 < len(kept.partitions) < 50
    assert (kept.total, kept.truncated) == (50, True)


def test_distinct_findings_are_bounded_and_none_is_uncounted():
    findings = Findings()
    for number in range(10 * MAX_FINDINGS):
        findings.note(DiagnosticCode.RANGE_UNPROVEN, f"r{number}", severity=Severity.GAP, stream="notes")
    assert len(vars_of(findings)) <= MAX_FINDINGS + 1
    assert sum(found.count for found in vars_of(findings).values()) == 10 * MAX_FINDINGS


def vars_of(findings: Findings):
    return findings._found


def test_a_hostile_connector_cannot_fill_a_run_with_findings():
    book = play(manifest(stream("notes")))
    for number in range(3000):
        book >> skip("notes", f"r{number}", resources=[f"{number}-{part}" * 20 for part in range(60)])
        book >> record(f"s{number}", "x")
    (book >> done(3000)).finish()
    assert size(book.diagnostics) <= MAX_RUN_BYTES
    assert book.outcome.status == "succeeded"
