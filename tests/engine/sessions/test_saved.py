"""Saved sessions: sealed, replaced whole, never lost to an older one (HO-4; ours)."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from polyhost.engine.sessions.saved import (
    copy_session,
    delete_session,
    load_saved,
    load_session,
    profile_folder,
    read_storage_state,
    refresh_session,
    save_session,
    session_saved_at,
)
from polyhost.errors import RefusedError

MINE = {"name": "d", "value": "1", "domain": ".slack.com"}


def state(value: str) -> dict[str, Any]:
    return {"cookies": [{"name": "d", "value": value, "domain": ".slack.com"}], "origins": []}


def test_a_session_comes_back_as_it_was_saved(home: Path) -> None:
    save_session(home, "work", state("xoxd-1"))
    assert load_session(home, "work") == state("xoxd-1")
    assert session_saved_at(home, "work") is not None


def test_no_file_of_the_home_holds_the_session_in_the_clear(home: Path) -> None:
    save_session(home, "work", state("xoxd-planted"))
    files = [path for path in home.rglob("*") if path.is_file()]
    assert files
    assert all(b"xoxd-planted" not in path.read_bytes() for path in files)


def test_only_the_owner_can_read_any_of_it(home: Path) -> None:
    save_session(home, "work", state("xoxd-1"))
    assert {path.stat().st_mode & 0o777 for path in home.rglob("*") if path.is_file()} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in [home, *home.rglob("*")] if path.is_dir()} == {0o700}


def test_where_the_key_is_kept_is_told_once(home: Path) -> None:
    assert save_session(home, "work", state("1")) is not None
    assert save_session(home, "work", state("2")) is None


@pytest.mark.requirement("HO-4")
def test_a_session_read_before_another_was_saved_does_not_replace_it(home: Path) -> None:
    """Two runs, or a run and a sign-in: the one that read the older session comes last, and is not taken."""
    save_session(home, "work", state("old"))
    mine, theirs = load_saved(home, "work"), load_saved(home, "work")
    assert mine is not None
    assert theirs is not None
    assert refresh_session(home, "work", state("new"), since=theirs.version)
    assert not refresh_session(home, "work", state("stale"), since=mine.version)
    assert load_session(home, "work") == state("new")


@pytest.mark.requirement("HO-4")
def test_of_many_that_refresh_at_once_exactly_one_wins(home: Path) -> None:
    save_session(home, "work", state("old"))
    saved = load_saved(home, "work")
    assert saved is not None
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda n: refresh_session(home, "work", state(str(n)), since=saved.version), range(8)))
    assert won.count(True) == 1
    assert load_session(home, "work") == state(str(won.index(True)))


def test_a_session_deleted_meanwhile_is_not_brought_back(home: Path) -> None:
    save_session(home, "work", state("old"))
    saved = load_saved(home, "work")
    assert saved is not None
    delete_session(home, "work")
    assert not refresh_session(home, "work", state("new"), since=saved.version)
    assert load_session(home, "work") is None


def test_a_plain_session_of_an_earlier_version_is_sealed_when_first_read_and_removed(home: Path) -> None:
    plain = home / "sessions" / "work.json"
    plain.parent.mkdir(parents=True)
    plain.write_text(json.dumps(state("xoxd-plain")))
    saved = load_saved(home, "work")
    assert saved is not None
    assert saved.state == state("xoxd-plain")
    assert saved.note is not None
    assert not plain.exists()
    assert load_session(home, "work") == state("xoxd-plain")


def test_a_plain_session_left_beside_a_sealed_one_is_not_taken_for_newer(home: Path) -> None:
    save_session(home, "work", state("sealed"))
    (home / "sessions" / "work.json").write_text(json.dumps(state("plain")))
    assert load_session(home, "work") == state("sealed")
    assert not (home / "sessions" / "work.json").exists()


def test_a_damaged_session_is_one_sentence_that_says_what_to_do(home: Path) -> None:
    save_session(home, "work", state("1"))
    (home / "sessions" / "work.sealed").write_bytes(b"gibberish")
    with pytest.raises(RefusedError) as refused:
        load_session(home, "work")
    assert refused.value.code == "session_unreadable"
    assert "the saved session of work cannot be opened" in str(refused.value)
    assert "connect" in refused.value.instruction


def test_a_session_copied_over_another_connections_does_not_open(home: Path) -> None:
    save_session(home, "work", state("1"))
    save_session(home, "other", state("2"))
    folder = home / "sessions"
    (folder / "work.sealed").write_bytes((folder / "other.sealed").read_bytes())
    with pytest.raises(RefusedError):
        load_session(home, "work")


def test_a_session_is_sealed_anew_for_another_name_and_stays_under_its_own(home: Path) -> None:
    save_session(home, "work", state("1"))
    copy_session(home, "work", "office")
    copy_session(home, "nobody", "else")
    assert load_session(home, "office") == load_session(home, "work") == state("1")
    assert load_session(home, "else") is None


def test_forgetting_a_session_takes_what_a_cut_off_sign_in_left_along(home: Path) -> None:
    save_session(home, "work", state("1"))
    profile_folder(home, "work").mkdir(parents=True)
    delete_session(home, "work")
    assert session_saved_at(home, "work") is None
    assert not profile_folder(home, "work").exists()


@pytest.mark.requirement("SE-6")
def test_what_a_session_holds_of_other_hosts_is_not_used(home: Path) -> None:
    mine = {"name": "d", "value": "1", "domain": ".slack.com"}
    save_session(home, "work", {"cookies": [mine, {**mine, "domain": ".bank.example"}], "origins": []})
    saved = load_saved(home, "work")
    assert saved is not None
    assert saved.of(["*.slack.com"]).state == {"cookies": [mine], "origins": []}


@pytest.mark.parametrize(
    ("state", "where"),
    [
        pytest.param({"cookies": [{"name": "d", "value": "1"}]}, "cookies.0.domain", id="a cookie of nowhere"),
        pytest.param({"cookies": [{"name": "d", "value": 1, "domain": "x"}]}, "cookies.0.value", id="a number"),
        pytest.param({"origins": [{"origin": "https://x"}]}, "origins.0.localStorage", id="an origin without storage"),
        pytest.param({"origins": {}}, "origins", id="an object"),
        pytest.param({"cookies": [{**MINE, "domain": "..slack.com"}]}, "cookies.0.domain", id="two dots"),
        pytest.param(
            {"origins": [{"origin": "http://[x", "localStorage": []}]}, "origins.0.origin", id="an open bracket"
        ),
        pytest.param({"origins": [{"origin": "slack.com", "localStorage": []}]}, "origins.0.origin", id="a bare name"),
    ],
)
def test_a_storage_state_that_is_not_one_is_named_with_its_place(tmp_path: Path, state: object, where: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(json.dumps(state), encoding="utf-8")
    with pytest.raises(RefusedError, match=where) as refused:
        read_storage_state(path)
    assert str(path) in refused.value.reason
