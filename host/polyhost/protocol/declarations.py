"""What a manifest declares: the models, field by field.

Owns: the shape of a manifest, each field's own rules, and ManifestError. Must not know: rules between streams (graph),
whether a schema is one (validation), files, runs.

Unknown keys are passed over: a manifest may be written for a newer profile. What is known is checked strictly.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, Strict, model_validator

from polyhost.errors import ErrorCode, RefusedError
from polyhost.protocol.addresses import Kind, kind_of
from polyhost.protocol.host_patterns import host_pattern
from polyhost.protocol.patterns import compile_pattern

__all__ = [
    "BLOBS",
    "BLOB_FIELD",
    "MAX_BLOB",
    "MAX_NAME",
    "RESERVED_NAMES",
    "SITE",
    "BindingDecl",
    "BlobsDecl",
    "Capabilities",
    "FileStateDecl",
    "FilesDecl",
    "HostDecl",
    "ImporterDecl",
    "Manifest",
    "ManifestError",
    "PartitionDecl",
    "PolyfillDecl",
    "Rationale",
    "ReadingDecl",
    "RefreshDecl",
    "Selection",
    "StdioDecl",
    "StreamDecl",
    "TextDecl",
]

MAX_NAME = 128
"""Characters in a stream or binding name. Names are repeated in every message and diagnostic."""
MAX_RATIONALE = 200
"""Characters of a reason that the owner reads."""
MAX_BLOB = 32 << 20
"""Bytes of a file that a connector hands over with BLOB: as much as any host takes in one."""
BLOBS = "BLOB"
"""The protocol capability of a connector that hands files over, and the type of the message it does so with."""
BLOB_FIELD = "blob_ref"
"""The field of a record that names such a file."""
SITE = "{site}"
"""At the beginning of a page: the address of a site that its owner hosts."""
RESERVED_NAMES = frozenset({"__proto__", "constructor", "prototype"})
"""Names that mean something else as a key of a JavaScript object, where a page connector would look them up."""


class ManifestError(RefusedError):
    """The manifest cannot be run; `code` says which rule it breaks, `stream` and `field` where."""

    code = ErrorCode.MANIFEST_INVALID

    def __init__(self, code: ErrorCode, reason: str, *, stream: str | None = None, field: str | None = None) -> None:
        place = " ".join(
            part for part in (f"stream {stream!r}" if stream else "", f"field {field!r}" if field else "") if part
        )
        super().__init__(
            f"The manifest cannot be run ({place}): {reason}" if place else f"The manifest cannot be run: {reason}",
            "Correct manifest.json; `polyhost polyfill check` names every rule it breaks.",
            code=code,
        )
        self.stream = stream
        self.field = field


def _name(value: str) -> str:
    if value in RESERVED_NAMES:
        raise ValueError("a name that JavaScript objects reserve")
    if value != value.strip() or not value.isprintable():
        raise ValueError("spaces around it, or characters that do not print")
    if value == "*":
        raise ValueError("a wildcard is not a name")
    return value


def _sentence(value: str) -> str:
    if value != value.strip() or not value.isprintable():
        raise ValueError("spaces around it, or characters that do not print")
    return value


def _regex(value: str) -> str:
    compile_pattern(value)
    return value


def _page(value: str) -> str:
    rest = value.removeprefix(SITE)
    if "{" in rest or "}" in rest or (rest != value and rest[:1] not in ("", "/")):
        raise ValueError(f"braces stand only for the whole address of a site; use {SITE} or {SITE}/path")
    return value


def _relative(value: str) -> str:
    parts = value.replace("\\", "/").split("/")
    if value.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]:
        raise ValueError("leads out of the polyfill's folder")
    return value


def _host(value: str) -> str:
    host_pattern(value)
    return value


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME), AfterValidator(_name)]
Rationale = Annotated[str, Field(min_length=1, max_length=MAX_RATIONALE), AfterValidator(_sentence)]
"""A reason that the owner reads."""
File = Annotated[str, Field(min_length=1), AfterValidator(_relative)]
Names = Annotated[tuple[Name, ...], Strict(False)]  # JSON has arrays only
Paths = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=MAX_NAME, pattern=r"^[^.*\s]+(\.([^.*\s]+|\*))*$")], ...],
    Strict(False),
]
Path = Annotated[str, Field(min_length=1, max_length=MAX_NAME, pattern=r"^[^.*\s]+(\.[^.*\s]+)*$")]
"""A field, or one in an object (`file.url`)."""
Texts = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Strict(False)]
Regexes = Annotated[tuple[Annotated[str, AfterValidator(_regex)], ...], Strict(False)]


class _Decl(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", ser_json_inf_nan="null")


class _OpenDecl(_Decl):
    """A block whose further keys belong to whoever reads it (`model_extra`)."""

    model_config = ConfigDict(frozen=True, strict=True, extra="allow")


class BindingDecl(_Decl):
    required: bool = True


class RuntimeRequirements(_Decl):
    bindings: dict[Name, BindingDecl] = Field(default_factory=dict[str, BindingDecl])


class RefreshPolicyDecl(_OpenDecl):
    """How often the source should be collected; advice to a scheduler."""

    recommended_mode: str | None = None
    recommended_interval_seconds: Annotated[int, Field(gt=0)] | None = None
    minimum_interval_seconds: Annotated[int, Field(ge=0)] | None = None
    maximum_staleness_seconds: Annotated[int, Field(gt=0)] | None = None
    interaction_posture: str | None = None
    background_safe: bool | None = None


class BlobsDecl(_Decl):
    """Which streams a connector hands files over for, and how large one may be, in bytes. In use outside the profile,
    beside the protocol capability BLOB."""

    version: Literal[1] = 1
    max_blob_bytes: Annotated[int, Field(gt=0)] = MAX_BLOB
    streams: Names = ()


class Capabilities(_Decl):
    human_interaction: Annotated[tuple[Literal["credentials", "otp", "manual_action"], ...], Strict(False)] = ()
    refresh_policy: RefreshPolicyDecl | None = None
    host_blob_write: BlobsDecl | None = None


class Selection(_Decl):
    """What part of a stream a request may ask for."""

    fields: bool = False
    resources: bool = False
    resource_field: str | None = None


class RefreshDecl(_Decl):
    """How much that is covered already is read again; the ledger says what the figures mean."""

    lookback_records: Annotated[int, Field(ge=0)] = 100
    requests_per_run: Annotated[int, Field(ge=0)] = 40
    interval_seconds: Annotated[int, Field(ge=0)] = 86_400


class PartitionDecl(_Decl):
    """An independently resuming part of a stream: our extension."""

    field: Name
    cursor_field: Name
    order: Literal["lexical", "numeric", "decimal"]
    group_field: Name | None = None
    inventory_stream: Name | None = None
    label_field: Name | None = None
    cursor_time: Literal["unix_seconds", "unix_milliseconds", "iso8601"] | None = None
    arrival: Literal["in_order", "any_order"] = "in_order"
    refresh: RefreshDecl = RefreshDecl()


class Display(_Decl):
    label: str | None = None
    detail: str | None = None


class Availability(_OpenDecl):
    state: str | None = None


class FileStateDecl(_Decl):
    """By which values of a field a source says that a file cannot be had: it is `gone`, `hidden` from this account, or
    `external`, kept by somebody else. Values are compared as text; `true` is the text of a flag that is set."""

    field: Path
    gone: Texts = ()
    hidden: Texts = ()
    external: Texts = ()
    none: Texts = ()
    """That there is no file after all, whatever else is said of one."""


class FilesDecl(_Decl):
    """Where a record's files are. Our extension.

    `each`: the field that holds a file's object, or a list of them; None: the record is the file. All other paths begin
    at that object. `id`: the source's own name of the file, the same wherever it is shared. `address`: where it is
    fetched, the first that holds a text wins. `member`: what it is called within an owner's artifact. `name`, `type`
    (as in `image/png`) and `size` (bytes) are what the source says of it. `thumbnail`: a smaller likeness of an
    original; fetched only when asked for."""

    each: Path | None = None
    id: Path | None = None
    address: Annotated[tuple[Path, ...], Strict(False), BeforeValidator(_as_list)] = ()
    member: Path | None = None
    name: Path | None = None
    type: Path | None = None
    size: Path | None = None
    thumbnail: bool = False
    state: FileStateDecl | None = None

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if not self.address and self.member is None:
            raise ValueError("neither address nor member is given; name the field that says where a file is")
        return self

    @property
    def paths(self) -> Mapping[str, str]:
        """Every path, by what it is for."""
        single = {name: getattr(self, name) for name in ("id", "member", "name", "type", "size")}
        single |= {f"address.{number}": path for number, path in enumerate(self.address)}
        if self.state is not None:
            single["state.field"] = self.state.field
        return {name: path for name, path in single.items() if path is not None}


class TextDecl(_Decl):
    """A field of a record that a person reads (`text`, `content.formatted_body`), and the format it is written in."""

    field: Path
    format: Literal["plain", "mrkdwn", "slack-blocks", "slack-attachments", "html", "matrix-html", "markdown"] = "plain"


class ReadingDecl(_Decl):
    """How a record reads. Our extension.

    `text`: fields that say the same; the one that says most is read. `besides`: what is read below it. `mentions`: the
    stream whose records are meant by each kind of mention in them (`user`, `channel`, `group`, `room`)."""

    text: Annotated[tuple[TextDecl, ...], Strict(False), Field(min_length=1)]
    besides: Annotated[tuple[TextDecl, ...], Strict(False)] = ()
    mentions: dict[Name, Name] = Field(default_factory=dict)


class StreamDecl(_Decl):
    """One kind of record."""

    name: Name
    description: str | None = None
    display: Display | None = None
    semantics: Literal["append_only", "mutable_state"] = "mutable_state"
    record_schema: dict[str, Any] = Field(alias="schema")
    primary_key: Annotated[tuple[Name, ...], Strict(False), Field(min_length=1)]
    cursor_field: Name | None = None
    consent_time_field: Name | None = None
    selection: Selection = Selection()
    incremental: bool | None = None
    required: bool = True
    coverage_policy: Literal["collect", "deferred", "inventory_only", "unavailable", "unsupported"] = "collect"
    coverage_strategy: (
        Literal[
            "checkpoint_window",
            "full_inventory",
            "parent_detail_accounting",
            "snapshot_import_receipt",
            "singleton_presence",
        ]
        | None
    ) = None
    state_stream: Name | None = None
    parent_streams: Names | None = None
    relationships: Annotated[tuple[dict[str, Any], ...], Strict(False)] = ()
    availability: Availability | None = None
    partition: PartitionDecl | None = None
    identity: Names | None = None
    volatile_fields: Names = ()
    label_fields: Names = ()
    """Fields that name a record, first one with text; none: what such fields are usually called. Our extension."""
    search: Paths | None = None
    """Fields whose text is searched (`text`, `files.*.name`); None: all text the schema declares. Our extension."""
    files: Annotated[tuple[FilesDecl, ...], Strict(False)] = ()
    """Where the files of its records are."""
    reading: ReadingDecl | None = None
    """How its records read; None: as the field that usually holds what a record says."""

    @property
    def properties(self) -> Mapping[str, Any]:
        """The schema's declared properties."""
        declared = self.record_schema.get("properties")
        return declared if isinstance(declared, dict) else {}

    @property
    def checkpoints(self) -> tuple[str, ...]:
        """The streams under whose name this one's progress is kept: its checkpoint parents, or itself."""
        if self.state_stream is not None:
            return (self.state_stream,)
        return self.parent_streams or (self.name,)

    @property
    def is_enumerated(self) -> bool:
        """Whether a run may read all there is of it, and say so: then what it did not meet is gone."""
        is_whole = self.coverage_strategy == "full_inventory" and self.partition is None
        return is_whole and self.semantics != "append_only"  # of those nothing is ever deleted

    @property
    def collected(self) -> bool:
        """Whether a run collects it unless told otherwise."""
        return self.coverage_policy in {"collect", "inventory_only"}


class HostDecl(_Decl):
    """A declared host: `host`, a pattern; or `setup_field`, the setting of a connection that says which host it is.
    `allow_private`: it may have an address of a private network, and `rationale` says why, for the owner to read. A
    private or link-local address itself, written as a number, is only taken with that; a name never has a link-local
    one, and one of this machine only where it ends in `localhost`."""

    host: Annotated[str, AfterValidator(_host)] | None = None
    setup_field: Literal["site"] | None = None
    allow_private: bool = False
    rationale: Rationale | None = None

    @model_validator(mode="after")
    def _with_reason(self) -> Self:
        if (self.host is None) is (self.setup_field is None):
            raise ValueError('an entry has either host or setup_field; use {"host": "…"} or {"setup_field": "site"}')
        address = None if self.host is None else host_pattern(self.host).address
        if address is not None and kind_of(address) in (Kind.PRIVATE, Kind.LINK_LOCAL) and not self.allow_private:
            raise ValueError(
                f"{self.host} is an address of a private network; use "
                f'{{"host": "{self.host}", "allow_private": true, "rationale": "…"}} and say why'
            )
        if self.allow_private and self.rationale is None:
            raise ValueError("allow_private needs a rationale; use one sentence for the owner to read")
        return self


def _as_entry(value: object) -> object:
    return {"host": value} if isinstance(value, str) else value


def _some(entries: tuple[HostDecl, ...]) -> tuple[HostDecl, ...]:
    if not entries:
        raise ValueError("there is none; use one entry for each host that the page talks to")
    if sum(entry.setup_field is not None for entry in entries) > 1:
        raise ValueError("two entries have the same setup_field; use one")
    return entries


def _no_setting(entries: tuple[HostDecl, ...]) -> tuple[HostDecl, ...]:
    if any(entry.setup_field is not None for entry in entries):
        raise ValueError("setup_field stands among polyfill.hosts, which the window reaches too; leave it out here")
    return entries


HostEntries = Annotated[tuple[Annotated[HostDecl, BeforeValidator(_as_entry)], ...], Strict(False)]
"""A host is a pattern, or an object where more is to be said of it."""


class Session(_OpenDecl):
    """How a page tells whether anybody is signed in. `signed_out`, `signed_in`: patterns of the addresses that show it.
    `probe`: a file that asks the site itself, and who it is; it may use the libraries. `sign_in_hosts`: who else is
    reached in the window in which the owner signs in, and only there. `sign_in_anywhere`: why the owner may end up
    anywhere on the internet there, such as at their company's own sign-in; given, the window reaches all of it."""

    sign_in_hosts: Annotated[HostEntries, AfterValidator(_no_setting)] = ()
    sign_in_anywhere: Rationale | None = None

    signed_out: Regexes = ()
    signed_in: Regexes = ()
    probe: File | None = None

    @property
    def can_tell(self) -> bool:
        """Whether an owner who is in can be known to be."""
        return bool(self.signed_in or self.probe)


class Redact(_OpenDecl):
    """Fields of the site's answers that a recording replaces, by what they hold."""

    secret: Texts = ()
    name: Texts = ()
    email: Texts = ()
    text: Texts = ()
    id: Texts = ()


class Recording(_OpenDecl):
    """What of a request tells it from another when it is replayed, and what a recording must not hold."""

    ignore_query: Texts = ()
    match_body: Texts = ()
    redact: Redact = Redact()


class PolyfillDecl(_OpenDecl):
    """A connector that runs in a page of the site. `libraries` are files that come before the script, in order; `load`
    is what the page needs loaded beyond text and scripts. `discover`: a file that asks a site which hosts are its own
    besides the one that its owner has named."""

    script: File
    discover: File | None = None
    libraries: Annotated[tuple[File, ...], Strict(False)] = ()
    page: Annotated[str, Field(pattern=r"^(https?://[^\s/]+|\{site\}(/\S*)?$)"), AfterValidator(_page)]
    """Where it starts. `{site}` at its beginning: the address of the site that its owner connects."""
    host_entries: Annotated[HostEntries, AfterValidator(_some), Field(alias="hosts")]
    load: Annotated[tuple[Literal["images", "fonts", "media"], ...], Strict(False)] = ()
    session: Session = Session()
    recording: Recording = Recording()

    @property
    def hosts(self) -> tuple[str, ...]:
        """The patterns of the hosts that its page may talk to; without the one that a setting names."""
        return tuple(entry.host for entry in self.host_entries if entry.host is not None)

    @property
    def private_hosts(self) -> tuple[str, ...]:
        """Those of them that may have an address of a private network."""
        private = (entry.host for entry in self.host_entries if entry.allow_private)
        return tuple(host for host in private if host is not None)

    @property
    def setup_host(self) -> HostDecl | None:
        """The host that a connection's setting names; None where the manifest names all of them."""
        return next((entry for entry in self.host_entries if entry.setup_field is not None), None)


class StdioDecl(_OpenDecl):
    """A connector that is a process."""

    command: Annotated[Texts, Field(min_length=1)]


class ImporterDecl(_OpenDecl):
    """What reads files that owners export by themselves. `accepts`: endings of file names, `folder` for a folder.
    `streams`: those it fills, none: all. `newest_by`: per stream, the field that tells the newer of two contents.
    `account_stream`: the stream whose record names the account, so that no other account's file gets mixed in.
    `actions`: per gap code, what the owner can do about it. `next_artifact`: how an owner makes a newer file."""

    module: Annotated[str, Field(min_length=1), AfterValidator(_relative)]
    accepts: Annotated[Texts, Field(min_length=1)]
    streams: Names = ()
    newest_by: dict[Name, Name] = Field(default_factory=dict[str, str])
    account_stream: Name | None = None
    actions: dict[Name, Annotated[str, Field(max_length=200)]] = Field(default_factory=dict[str, str])
    next_artifact: Annotated[str, Field(max_length=200)] | None = None


class Manifest(_Decl):
    """A Collection Profile manifest with our additions, checked."""

    protocol_version: str
    connector_id: Annotated[str, Field(min_length=1, max_length=500)]
    version: Annotated[str, Field(min_length=1, max_length=100)]
    display_name: Annotated[str, Field(min_length=1, max_length=200)]
    runtime_requirements: RuntimeRequirements = RuntimeRequirements()
    protocol_capabilities: Names = ()
    """Messages beyond the profile that it needs its host to take."""
    capabilities: Capabilities = Capabilities()
    streams: Annotated[tuple[StreamDecl, ...], Strict(False), Field(min_length=1)]
    polyfill: PolyfillDecl | None = None
    stdio: StdioDecl | None = None
    importer: ImporterDecl | None = None
    blocking_gaps: Names = ()

    @model_validator(mode="after")
    def _one_way_to_run(self) -> Self:
        if self.polyfill is not None and self.stdio is not None:
            raise ValueError("both polyfill and stdio")
        return self

    @cached_property
    def by_name(self) -> Mapping[str, StreamDecl]:
        return {stream.name: stream for stream in self.streams}

    def stream(self, name: str) -> StreamDecl | None:
        return self.by_name.get(name)

    @cached_property
    def blob_streams(self) -> frozenset[str]:
        """Streams that files may be handed over for: those that are named, or all whose records can name one."""
        if BLOBS not in self.protocol_capabilities:
            return frozenset()
        named = self.capabilities.host_blob_write
        if named is not None and named.streams:
            return frozenset(named.streams) & self.by_name.keys()
        return frozenset(stream.name for stream in self.streams if BLOB_FIELD in stream.properties)

    @property
    def max_blob(self) -> int:
        """Bytes that a file handed over may have."""
        named = self.capabilities.host_blob_write
        return MAX_BLOB if named is None else min(MAX_BLOB, named.max_blob_bytes)

    @property
    def runner(self) -> Literal["polyfill", "stdio"] | None:
        """How it is run; None for a foreign manifest that does not say."""
        if self.polyfill is not None:
            return "polyfill"
        return "stdio" if self.stdio is not None else None
