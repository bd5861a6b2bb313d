"""What the host knows to be secret: credentials that were sent, what the session holds, what the owner answered. Pure.

Owns: the closed lists of headers and field names that carry credentials, and taking the values out of them. Must not
know: where in a recording they stand, what takes their place.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, cast
from urllib.parse import parse_qsl, unquote, urlsplit

from polyhost.browser.recordings._layers import as_text
from polyhost.browser.recordings.looks import Look, looks_in
from polyhost.browser.recordings.match import body_fields
from polyhost.browser.storage import STORES

__all__ = [
    "ANSWERED",
    "CREDENTIAL_HEADERS",
    "SENT",
    "STORED",
    "answered",
    "is_certain",
    "is_credential",
    "is_credential_name",
    "is_plain_word",
    "sent",
    "stored",
]

Known = Iterator[tuple[str, str]]
"""Values, each with the rule that says why it is a secret."""

SENT = "always: credentials that were sent"
STORED = "always: what the session holds"
ANSWERED = "always: what the owner answered"

MIN_KNOWN = 4
"""Characters of the shortest value that is looked for everywhere because the host knows it for a secret."""

CREDENTIAL_HEADERS = frozenset(
    """
    authorization proxy-authorization cookie cookie2 x-api-key api-key apikey x-auth-token x-access-token
    x-session-token x-session-id x-csrf-token x-xsrf-token x-amz-security-token x-goog-api-key private-token
    """.split()  # noqa: SIM905 - a list of words reads as words
)
"""Headers whose value is a credential; beside these, every header in whose name a word of `_HEADER_WORDS` stands."""
_HEADER_WORDS = re.compile(
    r"auth|token|secret|passw|passphrase|session|csrf|xsrf|credential|signature|cookie|bearer|jwt|otp|(^|-)key(-|$)",
    re.IGNORECASE,
)
_NAMES = frozenset(
    """
    token accesstoken refreshtoken idtoken authtoken apitoken sessiontoken securitytoken bearertoken csrftoken xsrftoken
    logintoken devicetoken usertoken clienttoken apikey xapikey appkey accesskey secretkey privatekey secret
    clientsecret apisecret password passwd passphrase pwd userpassword otp onetimecode totp verificationcode sessionid
    session sessionkey sid phpsessid jsessionid csrf xsrf csrfmiddlewaretoken authenticitytoken
    requestverificationtoken authorization auth bearer jwt credential credentials signature sig xamzsignature
    xamzsecuritytoken
    """.split()  # noqa: SIM905 - a list of words reads as words
)
_NO_LETTER = re.compile(r"[^a-z0-9]")
_PLAIN_WORD = re.compile(r"[a-z_-]{1,15}")
_NUMBER = re.compile(r"[\d.,:+\s-]+")
_SHORT = 7
_NOT_SECRET = frozenset({"true", "false", "null", "none", "undefined", "bearer", "basic", "include", "same-origin"})


def is_credential_name(name: str) -> bool:
    """Whether a field of this name carries a credential, whatever a manifest says: `api_key`, `Access-Token`."""
    return _NO_LETTER.sub("", name.lower()) in _NAMES


def is_credential(name: str, value: str) -> bool:
    """Whether a field that is sent is a credential: by its name, and because its value is no plain word: `auth=cookie`
    says how one signs in, not with what."""
    if not is_credential_name(name) or len(value) < MIN_KNOWN or value.lower() in _NOT_SECRET:
        return False
    return not is_plain_word(value) or "pass" in name.lower() or "pwd" in name.lower()


def is_plain_word(value: str) -> bool:
    """Whether a value may as well be a constant of an API: short, and of small letters alone."""
    return _PLAIN_WORD.fullmatch(value) is not None


def is_certain(value: str, rule: str) -> bool:
    """Whether a known value, met anywhere, is taken for itself. A number is, where the owner typed it; one that was
    sent may as well be a time. A short value has to hold a digit."""
    if rule == ANSWERED:
        return len(value) >= MIN_KNOWN
    if _NUMBER.fullmatch(value):
        return False
    return len(value) >= MIN_KNOWN and (len(value) > _SHORT or any(char.isdigit() for char in value))


def sent(url: str, headers: Mapping[str, str], body: bytes | None) -> Known:
    """Every credential of a request: in its headers, the address, the query and the body."""
    content_type = ""
    for name, value in headers.items():
        if name.lower() == "content-type":
            content_type = value
        yield from _header(name.lower(), value)
    parts = urlsplit(url)
    for secret in (parts.username, parts.password):
        yield from _one(unquote(secret or ""), SENT)
    document = _document(as_text(body or b""))
    fields = parse_qsl(parts.query, keep_blank_values=True) + parse_qsl(parts.fragment, keep_blank_values=True)
    if body and document is None:
        fields += body_fields(content_type, body) or ()
    for name, value in [*fields, ("", document)]:
        yield from _field(name, value, SENT)


def stored(state: Mapping[str, Any]) -> Known:
    """Every cookie of a session, and what in its storage is a credential by its name or its look."""
    for cookie in state.get("cookies", ()):
        yield from _one(str(cookie.get("value", "")), STORED)
    for origin in state.get("origins", ()):
        for kept in STORES:
            for item in origin.get(kept, ()):
                yield from _field(str(item.get("name", "")), str(item.get("value", "")), STORED)


def answered(data: Any, offered: frozenset[str] = frozenset()) -> Known:
    """Everything an owner typed; what the question itself `offered` to choose from is no secret."""
    if isinstance(data, Mapping):
        for value in cast("Mapping[str, Any]", data).values():
            yield from answered(value, offered)
    elif isinstance(data, list):
        for value in cast("list[Any]", data):
            yield from answered(value, offered)
    elif isinstance(data, str | int | float) and not isinstance(data, bool) and str(data) not in offered:
        yield from _one(str(data).strip(), ANSWERED)


def _header(name: str, value: str) -> Known:
    if name == "cookie":
        for piece in value.split(";"):
            yield from _one(piece.partition("=")[2].strip(), SENT)
    elif name in CREDENTIAL_HEADERS or _HEADER_WORDS.search(name):
        yield from _one(value.strip(), SENT)
        scheme, _, token = value.strip().partition(" ")
        yield from _one(token.strip(), SENT)
        if scheme.lower() == "basic":
            yield from _basic(token)
    else:
        yield from _tokens(value, SENT)


def _basic(token: str) -> Known:
    try:
        pair = base64.b64decode(token.strip() + "==").decode()
    except (binascii.Error, ValueError):
        return
    yield from _one(pair, SENT)
    for half in pair.partition(":")[::2]:
        yield from _one(half, SENT)


def _field(name: str, value: Any, rule: str) -> Known:
    """A field by its name, and the fields inside of it: storage and bodies hold JSON in strings. A name may be a token
    itself."""
    yield from _tokens(name, rule)
    if isinstance(value, str):
        document = _document(value)
        yield from _text(name, value, rule) if document is None else _field(name, document, rule)
    elif isinstance(value, Mapping):
        for inner, content in cast("Mapping[str, Any]", value).items():
            yield from _field(str(inner), content, rule)
    elif isinstance(value, list):
        for content in cast("list[Any]", value):
            yield from _field(name, content, rule)


def _document(text: str) -> Any:
    """The JSON object or list a text is, or None. Of a key that is given twice it has every value, in a list."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return json.loads(text, object_pairs_hook=_every_value)
    except (ValueError, RecursionError):
        return None


def _every_value(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, list[Any]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _text(name: str, value: str, rule: str) -> Known:
    if is_credential(name, value.strip()):
        yield from _one(value.strip(), rule)
    yield from _tokens(value, rule)


def _tokens(text: str, rule: str) -> Known:
    for found in looks_in(text):
        if found.look in (Look.TOKEN, Look.JWT):
            yield from _one(text[found.start : found.end], rule)


def _one(value: str, rule: str) -> Known:
    if len(value) >= MIN_KNOWN and value.lower() not in _NOT_SECRET:
        yield value, rule
        bare = value.strip('"')
        if bare != value and len(bare) >= MIN_KNOWN:
            yield bare, rule
