"""`bench import`: a generated Slack export through the real command: previewed, imported, again, and in another file.

Owns: the export, the cases, the report. Must not know: how an import works.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.report import Line, show

__all__ = ["imports"]

_CHANNELS = 20
_USERS = 50
_A_DAY = 200  # messages
_BEGIN = 1_600_000_000
_WORDS = ("the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog", "and", "then", "runs", "away", "from")
_TITLES = {
    "preview": "preview, into nothing",
    "first": "import",
    "again": "the same file again",
    "other": "the same messages in another file",
}


@dataclass(frozen=True, slots=True)
class _Ran:
    seconds: float
    cpu: float
    peak_mib: float
    accepted: int
    duplicate: int


def imports(*, records: int) -> tuple[dict[str, Any], list[str]]:
    """Measure; the figures as JSON, and as lines to print."""
    with tempfile.TemporaryDirectory(prefix="polyhost-bench-") as folder:
        home, file = Path(folder) / "home", Path(folder) / "export.zip"
        _write_export(file, records)
        size = file.stat().st_size
        found = {"preview": _run(home, file, "--preview"), "first": _run(home, file), "again": _run(home, file)}
        _write_export(file, records, top="another/")
        found["other"] = _run(home, file)
    said = records + _CHANNELS + _USERS
    _expect(found["preview"].accepted == found["first"].accepted == said, "everything is new at first")
    _expect(found["again"].accepted == found["other"].accepted == 0, "nothing is new after that")
    _expect(found["again"].duplicate == found["other"].duplicate == said, "and all of it is known")
    rates = {name: records / ran.seconds for name, ran in found.items()}
    figures: dict[str, Any] = {
        "records": records,
        "file_bytes": size,
        **{
            name: {
                "seconds": ran.seconds,
                "cpu_seconds": ran.cpu,
                "records_per_second": rates[name],
                "peak_mib": ran.peak_mib,
            }
            for name, ran in found.items()
        },
    }
    return figures, _lines(found, rates, size)


def _lines(found: dict[str, _Ran], rates: dict[str, float], size: int) -> list[str]:
    table = [(f"export of {size / 2**20:.0f} MiB", "messages/s", "seconds", "CPU seconds", "peak MiB")]
    table += [
        (_TITLES[name], f"{rates[name]:,.0f}", f"{ran.seconds:.1f}", f"{ran.cpu:.1f}", f"{ran.peak_mib:.0f}")
        for name, ran in found.items()
    ]
    peak = max(ran.peak_mib for ran in found.values())
    times = found["first"].seconds / found["again"].seconds
    return show(
        table,
        [
            Line("import, messages/s", rates["first"], "≥ 15,000", least=15_000),
            Line("memory at most, MiB", peak, "≤ 300", most=300),
            Line("times as fast, the same file again", times, "≥ 3", least=3),
            Line("times as fast, the same messages", found["first"].seconds / found["other"].seconds),
        ],
    )


def _run(home: Path, file: Path, *options: str) -> _Ran:
    command = [sys.executable, "-m", "polyhost", "--home", str(home), "import", "bench", str(file), "--json", *options]
    print(f"import {' '.join(options)}", file=sys.stderr)
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None  # noqa: S101  a pipe was asked for
    answer = json.loads(process.stdout.read())
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    _expect(process.returncode == 0, f"the import came to {answer}")
    counts = answer["receipt"]["counts"]
    unit = 1024 if sys.platform != "darwin" else 1024 * 1024
    return _Ran(
        seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / unit, counts["accepted"], counts["duplicate"]
    )


def _expect(held: bool, otherwise: str) -> None:
    if not held:
        raise SystemExit(f"bench: {otherwise}")


def _write_export(path: Path, records: int, top: str = "") -> None:
    chance = random.Random(1)  # noqa: S311  the same export each time
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        users = [{"id": f"U{n:08d}", "team_id": "T00000001", "name": f"user-{n}", "profile": {}} for n in range(_USERS)]
        channels = [{"id": f"C{n:08d}", "name": f"channel-{n}", "created": _BEGIN} for n in range(_CHANNELS)]
        archive.writestr(f"{top}users.json", json.dumps(users))
        archive.writestr(f"{top}channels.json", json.dumps(channels))
        for name, messages in _days(records, chance):
            archive.writestr(top + name, json.dumps(messages))


def _days(records: int, chance: random.Random) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    left, day = records, 0
    while left:
        for channel in range(_CHANNELS):
            count = min(_A_DAY, left)
            if not count:
                return
            left -= count
            at = _BEGIN + day * 86_400
            name = f"channel-{channel}/{datetime.fromtimestamp(at, UTC):%Y-%m-%d}.json"
            yield name, [_message(at + number * 60, chance) for number in range(count)]
        day += 1


def _message(at: int, chance: random.Random) -> dict[str, Any]:
    """About 800 bytes, as an export writes one."""
    text = " ".join(chance.choices(_WORDS, k=20))
    user = f"U{chance.randrange(_USERS):08d}"
    rich = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    return {
        "client_msg_id": f"{chance.getrandbits(128):032x}",
        "type": "message",
        "text": text,
        "user": user,
        "ts": f"{at}.{chance.randrange(1_000_000):06d}",
        "blocks": [{"type": "rich_text", "block_id": "b1", "elements": [rich]}],
        "team": "T00000001",
        "user_team": "T00000001",
        "source_team": "T00000001",
        "user_profile": {"real_name": "Somebody", "display_name": user, "is_restricted": False},
    }
