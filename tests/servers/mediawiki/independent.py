"""People of a wiki, and its truth, by a client that shares nothing with polyhost (mwclient), in its own interpreter.

    .venv-servers/bin/python independent.py http://127.0.0.1:8999/w PASSWORD

One JSON object on each line of stdin, `{"as": "Adelaide", "do": "edit", …}`, and one on stdout in answer.
"""

from __future__ import annotations

import io
import json
import sys
from typing import Any
from urllib.parse import urlsplit

import mwclient
from mwclient.listing import List

ADDRESS, PASSWORD = urlsplit(sys.argv[1]), sys.argv[2]
SITES: dict[str, Any] = {}
REVISION = "ids|timestamp|flags|comment|user|userid|size|sha1|tags|content"
CONTRIBUTION = "ids|title|timestamp|comment|size|sizediff|flags|tags"
LARGEST = 500
WITH_CONTENT = 50
"""As many as a wiki gives to an account without special rights in one answer."""


class Counting:
    """Requests that went out, as a hook of the session."""

    def __init__(self) -> None:
        self.requests = 0

    def __call__(self, *_given: Any, **_more: Any) -> None:
        self.requests += 1


COUNTING = Counting()


def site(name: str) -> Any:
    if name not in SITES:
        one = mwclient.Site(ADDRESS.netloc, path=f"{ADDRESS.path}/", scheme=ADDRESS.scheme, max_retries=0)
        one.login(name, PASSWORD)
        one.connection.hooks["response"].append(COUNTING)
        SITES[name] = one
    return SITES[name]


# what people do


def act(order: dict[str, Any]) -> Any:
    """Any action of the API, with the token it needs."""
    one = site(order["as"])
    kind = order.get("token", "csrf")
    return one.post(order["do"], token=one.get_token(kind), **order.get("with", {}))


def upload(order: dict[str, Any]) -> Any:
    one = site(order["as"])
    body = io.BytesIO(bytes.fromhex(order["bytes"]))
    return one.upload(body, filename=order["name"], description=order.get("comment", ""), ignore=True)


def rename(order: dict[str, Any]) -> Any:
    """By the form of its special page, which is the only way there is."""
    one = site(order["as"])
    form = {
        "token": one.get_token("csrf"),
        "oldusername": order["from"],
        "newusername": order["to"],
        "movepages": "1",
        "confirmaction": "1",
        "submit": "1",
    }
    address = f"{ADDRESS.geturl()}/index.php?title=Special:Renameuser"
    answer = one.connection.post(address, data=form)
    return {"status": answer.status_code, "renamed": "has been renamed" in answer.text, "text": answer.text[-3000:]}


# what is true


def truth(order: dict[str, Any]) -> dict[str, Any]:
    """All that an account can read of itself: by listing it, from its beginning to its end."""
    one, name = site(order["as"]), order.get("name", order["as"])
    COUNTING.requests = 0
    contributions = [dict(edit) for edit in one.usercontributions(name, prop=CONTRIBUTION, api_chunk_size=LARGEST)]
    pages = own_pages(one, name, order.get("also", []))
    revisions = {}
    for page in pages:
        found = one.pages[page["title"]].revisions(prop=REVISION, api_chunk_size=WITH_CONTENT)
        for revision in found:
            kept = {key: value for key, value in revision.items() if key not in {"timestamp", "tags"}}
            kept.update(page_id=page["pageid"], tags=list(revision.get("tags", [])), at=stamp(revision["timestamp"]))
            revisions[str(revision["revid"])] = kept
    watched = watchlist(one)
    how = {"aisort": "timestamp", "aiuser": name, "aiprop": "timestamp|size|sha1|mime|url|comment"}
    files = [dict(image) for image in listing(one, "allimages", "ai", **how)]
    for each in (*contributions, *files):
        each["timestamp"] = stamp(each["timestamp"])
    return {
        "contributions": contributions,
        "pages": pages,
        "revisions": revisions,
        "watchlist": watched,
        "uploads": files,
        "requests": COUNTING.requests,
    }


def watchlist(one: Any) -> list[str]:
    """The wiki writes this list beside `query`, where the client looks for lists, so it is asked for by hand."""
    titles, more = [], {}
    while True:
        said = one.get("query", list="watchlistraw", wrlimit="max", **more)
        titles += [page["title"] for page in said.get("watchlistraw", [])]
        more = said.get("continue")
        if not more:
            return titles


def own_pages(one: Any, name: str, also: list[int]) -> list[dict[str, Any]]:
    """Their user and talk pages and what lies below those; what they have begun, and its talk; and which of these other
    pages are there."""
    found = {}
    for number in also:
        said = one.get("query", pageids=number, prop="info")["query"]["pages"][str(number)]
        if "missing" not in said:
            found[number] = {"pageid": number, "title": said["title"]}
    for namespace in (2, 3):
        for page in listing(one, "allpages", "ap", apnamespace=namespace, apprefix=name):
            bare = page["title"].split(":", 1)[1]
            if bare == name or bare.startswith(f"{name}/"):
                found[page["pageid"]] = {"pageid": page["pageid"], "title": page["title"]}
    begun = list(one.usercontributions(name, show="new", prop="ids|title", api_chunk_size=LARGEST))
    for edit in begun:
        page = one.pages[edit["title"]]
        talk = page if page.namespace % 2 else one.pages[talk_of(one, page)]
        for each in (page, talk):
            if each.exists:
                found[each.pageid] = {"pageid": each.pageid, "title": each.name}
    return list(found.values())


def talk_of(one: Any, page: Any) -> str:
    return f"{one.namespaces[page.namespace + 1]}:{page.page_title}"


def listing(one: Any, name: str, prefix: str, **how: Any) -> Any:
    return List(one, name, prefix, return_values=None, api_chunk_size=LARGEST, **how)


def stamp(time: Any) -> str:
    """As the wiki writes it; mwclient makes parts of it."""
    return "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z".format(*time[:6]) if not isinstance(time, str) else time


DEEDS = {"upload_file": upload, "rename_user": rename, "truth": truth}


def main() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        try:
            answer = {"ok": DEEDS.get(order["do"], act)(order)}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer, default=str), flush=True)


if __name__ == "__main__":
    main()
