"""A connector for measuring a server: a child process that hands over records, as many and as fast as it was told.

Owns: the folder such a connector is. Run as a script it is the connector itself. Must not know: what is measured.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from pathlib import Path

__all__ = ["steady_source"]

STREAM = "notes"
_TEXT = ("We moved the harbour lights one berth to the east. " * 20)[:760]
_BATCH = 100


def steady_source(folder: Path, *, records: int, per_second: float | None = None) -> Path:
    """A folder to connect. `per_second` None: as fast as the host takes them."""
    folder.mkdir(parents=True)
    shutil.copy(__file__, folder / "connector.py")  # a folder is a whole polyfill
    command = [sys.executable, "connector.py", str(records), str(per_second or 0)]
    schema = {
        "type": "object",
        "properties": {name: {"type": "string"} for name in ("id", "room", "text")},
        "required": ["id", "room", "text"],
        "additionalProperties": False,
    }
    stream = {"name": STREAM, "schema": schema, "primary_key": ["id"], "search": ["text"]}
    manifest = {
        "protocol_version": "0.1.0",
        "connector_id": "urn:polyhost:bench",
        "version": "1",
        "display_name": "Steady",
        "stdio": {"command": command},
        "streams": [stream],
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def main(records: int, per_second: float) -> None:
    sys.stdin.readline()  # START
    at = "2026-01-01T00:00:00.000Z"
    for number in range(records):
        data = {"id": f"n{number}", "room": f"r{number % 50}", "text": f"{_TEXT} {number}"}
        message = {"type": "RECORD", "stream": STREAM, "key": data["id"], "data": data, "emitted_at": at}
        sys.stdout.write(json.dumps(message) + "\n")
        if number % _BATCH == 0 or per_second:
            sys.stdout.flush()
        if per_second:
            time.sleep(1 / per_second)
    sys.stdout.write(json.dumps({"type": "DONE", "status": "succeeded", "records_emitted": records}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
