"""Which tests run when: every lane, and what belongs to it.

    ./scripts/test fast      an answer while one is working: the core and the units around it, without a browser
    ./scripts/test units     the same without haste: what scripts/coverage measures
    ./scripts/test           the default: everything that no lane has for itself
    ./scripts/test faults    chaos, and kills that take long
    ./scripts/test servers   against other people's software, running for real
    ./scripts/test walls     against what keeps strangers out of a site

Owns: the tables below, and pytest's `--lane`. Must not know: what a test does. Paths named to pytest are run whatever
lane they are in.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import pytest

from checkout import ROOT

__all__ = ["ALONE", "DEFAULT", "LANES", "LONGER", "SLOW", "UNITS", "holds"]

TESTS = ROOT / "tests"
NO_BROWSER = "/this lane has no browser"
"""Where fast and units say a browser is: a test that starts one is in the wrong lane, and fails."""

UNITS = (
    "artifacts",
    "browser/recordings/test_har.py",
    "browser/recordings/test_match.py",
    "browser/recordings/test_recording_rules.py",
    "browser/recordings/test_scrub.py",
    "browser/recordings/test_walk.py",
    "browser/test_cookies.py",
    "browser/test_hosts.py",
    "browser/test_locate.py",
    "browser/test_session.py",
    "browser/test_storage.py",
    "cli",
    "connectors/test_lines.py",
    "connectors/test_loading.py",
    "connectors/test_page_calls.py",
    "connectors/test_scripted.py",
    "coverage",
    "docs/test_reference.py",
    "engine",
    "errors",
    "exports",
    "files",
    "ledger",
    "operations",
    "polyfills/telegram",
    "polyfills/whatsapp",
    "protocol",
    "proxy",
    "scripts",
    "searching",
    "server/test_links.py",
    "server/test_listening.py",
    "server/test_logs.py",
    "server/test_malformed.py",
    "store",
    "text",
    "test_foreign_text.py",
    "test_humanize.py",
    "test_instants.py",
    "test_layers.py",
    "test_owner_only.py",
    "test_requirements.py",
    "test_small_files.py",
)
"""Folders and files of units and of fast."""

SLOW = (
    "artifacts/test_corpus.py",
    "cli/test_completion.py",
    "cli/test_main.py",
    "cli/test_output.py",
    "engine/development",
    "engine/doctor/test_examine.py",
    "engine/files/test_blobs.py",
    "engine/imports",
    "engine/run/test_watchdog.py",
    "ledger/test_model.py",
    "operations/test_killed_blobs.py",
    "operations/test_killed_hand_over.py",
    "operations/test_killed_import.py",
    "operations/test_polyfills.py",
    "polyfills/telegram/test_command.py",
    "polyfills/telegram/test_hostile.py",
    "polyfills/telegram/test_importer.py",
    "polyfills/telegram/test_shapes.py",
    "polyfills/whatsapp/test_importer.py",
    "protocol/test_fuzz.py",
    "scripts/test_bench.py",
    "store/test_base.py",
    "store/test_processes.py",
    "store/test_write_rules.py",
)
"""What is left out of them: it starts many processes, or tries very many cases."""

LONGER = (
    "engine/notices/test_channels.py",
    "engine/schedule/test_scheduler.py",
    "engine/test_naive_sources.py",
    "engine/test_wrong_records.py",
    "files/test_body.py",
    "files/test_contents.py",
    "files/test_downloads_processes.py",
    "files/test_downloads_redirects.py",
    "operations/test_export_files.py",
    "operations/test_files.py",
    "scripts/test_changelog.py",
    "store/test_files.py",
    "text/formats/test_html.py",
    "text/formats/test_markdown.py",
)
"""What is left out of fast besides: its files, processes and servers take seconds. Fast answers in 90 on two cores."""

ALONE = ("faults", "servers", "walls")
"""Lanes of a folder each, which no other lane runs. One without tests says so, and all is well."""

DEFAULT = "default"
LANES = ("fast", "units", DEFAULT, *ALONE)


def holds(lane: str, path: PurePosixPath) -> bool:
    """Whether the lane has tests at this path, or may have them below it. `path` is relative to tests/."""
    if lane in ALONE:
        return path == PurePosixPath(".") or path.parts[0] == lane
    if lane in _LEFT_OUT:
        is_in = _within(path, UNITS) and not _within(path, _LEFT_OUT[lane])
        return is_in or any(PurePosixPath(one).is_relative_to(path) for one in UNITS)
    return not path.parts or path.parts[0] not in ALONE


_LEFT_OUT = {"units": SLOW, "fast": (*SLOW, *LONGER)}


def _within(path: PurePosixPath, folders: Iterable[str]) -> bool:
    return any(path.is_relative_to(one) for one in folders)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--lane", choices=LANES, help="Run the tests of this lane only (tests/lanes.py).")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--lane") in _LEFT_OUT:
        os.environ["POLYHOST_BROWSER"] = NO_BROWSER


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Files of other lanes are not even imported."""
    lane = config.getoption("--lane")
    if lane is None or not collection_path.is_relative_to(TESTS):
        return None
    return None if holds(lane, PurePosixPath(collection_path.relative_to(TESTS).as_posix())) else True


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """A lane that later work fills is no failure while it is empty."""
    lane = session.config.getoption("--lane")
    if lane in ALONE and exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
        session.exitstatus = pytest.ExitCode.OK
        print(f"\nThe lane {lane} has no tests yet: tests/{lane}/ is empty.")
