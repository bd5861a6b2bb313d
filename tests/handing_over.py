"""A connector, run as a real process, that hands files over beside its records.

Owns: the words its script is written in, and a manifest for it. Must not know: what is tried with it.
"""

from __future__ import annotations

import json
import sys
import textwrap
from pathlib import Path
from typing import Any

from playbooks import manifest_json, stream

__all__ = ["CHATS", "DECLARED", "chats_json", "command", "source"]

CHATS = stream("chats", properties={"blob_ref": {"type": ["object", "null"]}})
DECLARED: dict[str, Any] = {"protocol_capabilities": ["BLOB"]}

WORDS = """
import hashlib, json, os, sys
start = json.loads(sys.stdin.readline())
spool = os.environ.get("PDPP_BLOB_SPOOL_DIR")
said = 0

def say(**message):
    print(json.dumps(message), flush=True)

def sha(data):
    return hashlib.sha256(data).hexdigest()

def put(name, data):
    handle = os.open(os.path.join(spool, name), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)

def ref(data, **over):
    digest = sha(data)
    told = {"blob_id": "sha256:" + digest, "mime_type": "application/json", "size_bytes": len(data), "sha256": digest}
    return {**told, **over}

def record(key, data=None, **over):
    global said
    said += 1
    named = {"blob_ref": None if data is None else ref(data, **over)}
    say(type="RECORD", stream="chats", key=key, data={"id": key, **named}, emitted_at="2026-01-31T09:30:00.000Z")

def blob(key, data, name=None, **over):
    name = name or key + ".json"
    put(name, data)
    tell(key, data, file=name, **over)

def tell(key, data, **over):
    told = {"stream": "chats", "key": key, "file": key + ".json", "mime_type": "application/json"}
    say(**{"type": "BLOB", **told, "size_bytes": len(data), "sha256": sha(data), **over})

def done():
    say(type="STATE", stream="chats", cursor={"at": said})
    say(type="DONE", status="succeeded", records_emitted=said)
    sys.stdin.read()
"""


def command(script: str) -> list[str]:
    """The process that says this. It ends with a DONE that is right, unless the script exits before."""
    return [sys.executable, "-I", "-S", "-c", f"{WORDS}{textwrap.dedent(script)}\ndone()\n"]


def chats_json(**declared: Any) -> dict[str, Any]:
    return manifest_json(CHATS, **{**DECLARED, **declared})


def source(folder: Path, script: str) -> None:
    """A folder of a source that says this."""
    folder.mkdir(parents=True, exist_ok=True)
    told = {**chats_json(), "stdio": {"command": command(script)}}
    (folder / "manifest.json").write_text(json.dumps(told), encoding="utf-8")
