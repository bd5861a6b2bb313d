"""Every code an error can have: what it means, the exit status of a command, the HTTP status of an answer.

Owns: the closed list. docs/errors.md and the API's description are made from it. Must not know: where an error is
raised, how it is shown.

Codes are stable: programs go by them. A code whose error can be met before anything has started and in the middle of a
run has both exit statuses; which one it is follows from the class of the error.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Self

__all__ = ["ErrorCode", "ExitStatus"]


class ExitStatus(IntEnum):
    """What a command's exit status means. Not every command can end in every way."""

    meaning: str

    def __new__(cls, status: int, meaning: str) -> Self:
        member = int.__new__(cls, status)
        member._value_ = status
        member.meaning = meaning
        return member

    COMPLETE = 0, "complete"
    FAILED = 1, "failed; what was read is kept"
    REFUSED = 2, "refused before anything started: the sentence says what to change"
    GAPS = 3, "complete, with gaps: something is missing, unproven or was refused, and is named"
    NEEDS_OWNER = 4, "only you can go on: sign in, or answer a question"
    CANCELLED = 130, "cancelled"


_FAILED = (ExitStatus.FAILED,)
_REFUSED = (ExitStatus.REFUSED,)
_NEEDS_OWNER = (ExitStatus.NEEDS_OWNER,)
_CANCELLED = (ExitStatus.CANCELLED,)
_EITHER = (ExitStatus.REFUSED, ExitStatus.FAILED)
"""Refused where it is met before anything has started, failed where it is met in the middle."""


class ErrorCode(StrEnum):
    """What went wrong, for programs: docs/errors.md says what each code means."""

    http_status: int
    exit_statuses: tuple[ExitStatus, ...]
    meaning: str

    def __new__(cls, code: str, http_status: int, exit_statuses: tuple[ExitStatus, ...], meaning: str) -> Self:
        member = str.__new__(cls, code)
        member._value_ = code
        member.http_status = http_status
        member.exit_statuses = exit_statuses
        member.meaning = meaning
        return member

    # What an error is called that has no name of its own.
    ERROR = "error", 500, _FAILED, "Something went wrong that has no code of its own."
    REFUSED = "refused", 400, _REFUSED, "It was refused before anything started; the reason says why."
    RUN_FAILED = "run_failed", 500, _FAILED, "It broke while it ran; the reason says how. What was durable stays."
    RUN_TOO_LONG = "run_too_long", 500, _FAILED, "The run took longer than a run may; what was read is kept."
    CONNECTOR_SILENT = "connector_silent", 500, _FAILED, "The connector said nothing for too long."
    MESSAGE_TOO_LARGE = "message_too_large", 500, _FAILED, "A message of the connector was larger than one may be."
    TOO_MUCH_MEMORY = "too_much_memory", 500, _FAILED, "The run's browser or process held too much memory."
    TOO_MANY_PROCESSES = "too_many_processes", 500, _FAILED, "The run's browser or process had too many processes."
    POPUP_STORM = "popup_storm", 500, _FAILED, "The site opened pages without end; what was read is kept."
    FRAME_STORM = "frame_storm", 500, _FAILED, "The site put frames into its page without end."
    WORKER_STORM = "worker_storm", 500, _FAILED, "The site started workers without end."
    CONSOLE_STORM = "console_storm", 500, _FAILED, "The site wrote to its console, or threw errors, without end."
    DOWNLOAD_STORM = "download_storm", 500, _FAILED, "The site started downloads without end; each was refused."
    REQUEST_STORM = (
        "request_storm",
        500,
        _FAILED,
        "The site's requests failed without end; they are counted no further.",
    )
    NEEDS_OWNER = "needs_owner", 409, _NEEDS_OWNER, "Nothing can go on until the owner acts."
    CANCELLED = "cancelled", 500, _CANCELLED, "Its owner stopped it."
    INTERNAL_ERROR = "internal_error", 500, _FAILED, "A bug of polyhost. Please report it."

    # Requests and commands.
    USAGE = "usage", 400, _REFUSED, "The command line cannot be read: an unknown command or option, a missing value."
    BAD_REQUEST = "bad_request", 400, _REFUSED, "Part of the request cannot be used as it is."
    BAD_JSON = "bad_json", 400, _REFUSED, "The body is not one JSON value in UTF-8."
    MISSING_FIELD = "missing_field", 400, _REFUSED, "A field or parameter is missing that has no default."
    UNKNOWN_PARAMETER = "unknown_parameter", 400, _REFUSED, "The query names a parameter that the route does not have."
    UNKNOWN_FIELD = "unknown_field", 400, _REFUSED, "A field is named that does not exist."
    BAD_LIMIT = "bad_limit", 400, _REFUSED, "The limit is out of its bounds."
    BAD_WAIT = "bad_wait", 400, _REFUSED, "The time to wait is out of its bounds."
    BAD_CHANGES_SINCE = "bad_changes_since", 400, _REFUSED, "The change number is out of its bounds."
    BAD_CURSOR = "bad_cursor", 400, _REFUSED, "The cursor is not one that a page before gave as `next`."
    BAD_SINCE = "bad_since", 400, _REFUSED, "`since` is not a time, or what is asked for is not ordered by time."
    BAD_UNTIL = "bad_until", 400, _REFUSED, "`until` is not a time, or what is asked for is not ordered by time."
    BAD_TIME = "bad_time", 400, _REFUSED, "The time is not one in the future."
    BAD_DURATION = "bad_duration", 400, _REFUSED, "The length of time is not written as 90m, 6h or 1d."
    BAD_NAME = "bad_name", 400, _REFUSED, "The name has characters, or a length, that a name cannot have."
    UNSUPPORTED_MEDIA_TYPE = (
        "unsupported_media_type",
        415,
        _REFUSED,
        "The body is of another kind than the route takes.",
    )
    BODY_TOO_LARGE = "body_too_large", 413, _REFUSED, "The body is larger than the API takes."
    TOO_SLOW = "too_slow", 408, _REFUSED, "The body of the request did not come in time."
    METHOD_NOT_ALLOWED = "method_not_allowed", 405, _REFUSED, "The address is right, the method is not."
    NO_SUCH_PAGE = "no_such_page", 404, _REFUSED, "Nothing has this address."

    # Who asks.
    UNAUTHORIZED = "unauthorized", 401, _REFUSED, "No token or session came with the request, or a wrong one."
    CSRF = "csrf", 403, _REFUSED, "A cookie alone came with a request that changes something."
    BAD_HOST = "bad_host", 403, _REFUSED, "The request is for another name than this server's."
    BAD_ORIGIN = "bad_origin", 403, _REFUSED, "Another site's page sent the request."
    TOO_MANY_FAILURES = (
        "too_many_failures",
        429,
        _REFUSED,
        "Too many wrong tokens came; `Retry-After` says when to go on.",
    )
    UNKNOWN_SIGN_IN = "unknown_sign_in", 404, _REFUSED, "No browser is signed in under this id, or not any more."
    BAD_TOKEN_FILE = (
        "bad_token_file",
        400,
        _REFUSED,
        "The file `token` in the home holds no token, or others can read it.",
    )

    # The server.
    TOO_MANY_RUNS = "too_many_runs", 429, _REFUSED, "As many runs go on as one server carries."
    TOO_MANY_STREAMS = "too_many_streams", 429, _REFUSED, "As many event streams are open as one server carries."
    SHUTTING_DOWN = "shutting_down", 503, _REFUSED, "The server is stopping."
    NO_SERVER = "no_server", 400, _REFUSED, "Only a server can do that, and this process is none."
    NOT_SERVING = "not_serving", 400, _REFUSED, "No server of this home answers."
    PORT_TAKEN = "port_taken", 400, _REFUSED, "Another program listens on the port."
    NO_SERVICE_MANAGER = "no_service_manager", 400, _REFUSED, "This machine has no service manager that polyhost knows."
    NO_SERVICE = "no_service", 400, _REFUSED, "No service is installed."
    SERVICE_NOT_OURS = "service_not_ours", 400, _REFUSED, "The service file was not written by polyhost."
    UNSAFE_SOCKETS = "unsafe_sockets", 500, _FAILED, "The folder of the home's sockets belongs to somebody else."

    # Connections and sources.
    UNKNOWN_CONNECTION = "unknown_connection", 404, _EITHER, "There is no connection of this name, or not any more."
    UNKNOWN_SOURCE = "unknown_source", 404, _REFUSED, "There is no source of this name."
    UNKNOWN_STREAM = "unknown_stream", 404, _REFUSED, "The source has no stream of this name."
    CONNECTION_EXISTS = "connection_exists", 409, _REFUSED, "A connection has this name already."
    NAME_TAKEN = "name_taken", 409, _REFUSED, "A connection has this name already."
    DISCONNECTED = "disconnected", 409, _REFUSED, "The connection was disconnected and has no session."
    NO_SESSION = "no_session", 409, _REFUSED, "The connection was made from a recording and has no session."
    LIVE_CONNECTION = "live_connection", 400, _REFUSED, "A live connection's session is not sent to a test server."
    NOT_RENEWABLE = "not_renewable", 400, _REFUSED, "There is no session of this connection to renew."
    ANSWER_NEEDED = "answer_needed", 409, _REFUSED, "It was not said whether the data is kept or deleted."
    IMPORT_ONLY = "import_only", 409, _REFUSED, "The source is not collected; its files are imported."
    NO_POLYFILL = "no_polyfill", 400, _REFUSED, "The source does not run in a page."
    NO_SITE = "no_site", 400, _REFUSED, "It is not said which site it is: the source is the software of many."
    BAD_SITE = "bad_site", 400, _REFUSED, "The address is not one of a site that the source takes."
    NO_SITE_TAKEN = "no_site_taken", 400, _REFUSED, "The source has its own address and takes no other."
    SITE_NOT_ASKED = "site_not_asked", 502, _FAILED, "The site could not be asked which hosts are its own."
    BAD_AUTHORITY = "bad_authority", 400, _REFUSED, "The file is not certificates of an authority."
    OTHER_SITE = "other_site", 409, _REFUSED, "The connection is of a site at another address."
    BAD_SETTING = "bad_setting", 400, _REFUSED, "It is not a setting of the source, or it is given twice."
    NO_IMPORTER = "no_importer", 400, _REFUSED, "The source cannot read files."

    # Signing in and sessions.
    SIGNED_OUT = (
        "signed_out",
        409,
        _NEEDS_OWNER,
        "The site does not accept the session, or there is none. Sign in again.",
    )
    HOSTS_CHANGED = "hosts_changed", 409, _REFUSED, "What the source reaches is not what was shown. Look at it again."
    HOSTS_WIDENED = (
        "hosts_widened",
        409,
        _NEEDS_OWNER,
        "The source reaches hosts that the owner has not agreed to. Look at them, and agree.",
    )
    SIGN_IN_TIMEOUT = "sign_in_timeout", 409, _NEEDS_OWNER, "Nobody signed in while the window was open."
    NO_SIGN_OF_SESSION = "no_sign_of_session", 400, _REFUSED, "The manifest does not say how a signed-in session looks."
    SIGN_IN_CANCELLED = "sign_in_cancelled", 409, _NEEDS_OWNER, "The owner stopped signing in."
    SIGN_IN_CLOSED = "sign_in_closed", 409, _NEEDS_OWNER, "The window was closed before the owner was signed in."
    NO_DISPLAY = "no_display", 400, _REFUSED, "There is no screen to open a window on."
    PROFILE_IN_USE = "profile_in_use", 400, _REFUSED, "A sign-in window of this connection is open already."
    TWO_WAYS = "two_ways", 400, _REFUSED, "Two options exclude each other."
    WHICH_WORKSPACE = "which_workspace", 400, _REFUSED, "The session opens several workspaces, and none was chosen."
    UNKNOWN_WORKSPACE = "unknown_workspace", 404, _REFUSED, "The session does not open this workspace."
    ACCOUNT_UNKNOWN = "account_unknown", 409, _REFUSED, "The site has not said whose session it is."
    OTHER_ACCOUNT = (
        "other_account",
        409,
        (ExitStatus.REFUSED, ExitStatus.NEEDS_OWNER),
        "The session or the file is of another account than the connection.",
    )
    BAD_CDP = "bad_cdp", 400, _REFUSED, "The address of a running browser cannot be used."
    NO_BROWSER_THERE = (
        "no_browser_there",
        400,
        _REFUSED,
        "No browser answers there, or none with a profile for the site.",
    )
    NO_TAB_THERE = "no_tab_there", 400, _REFUSED, "The browser answers, but opens no tab."
    UNKNOWN_BROWSER = "unknown_browser", 404, _REFUSED, "The cookies of this browser cannot be read."
    COOKIES_UNREADABLE = "cookies_unreadable", 400, _REFUSED, "The browser's cookies cannot be read."
    BAD_COOKIES = "bad_cookies", 400, _REFUSED, "The file is not a cookies.txt."
    NO_COOKIES = "no_cookies", 400, _REFUSED, "There is no cookie of the site's."
    SESSION_KEY_MISSING = "session_key_missing", 400, _REFUSED, "The key of the saved sessions is gone."
    SESSION_KEY_LOCKED = (
        "session_key_locked",
        400,
        _REFUSED,
        "The keyring does not give out the key of the saved sessions.",
    )
    SESSION_UNREADABLE = "session_unreadable", 400, _REFUSED, "The saved session cannot be opened."

    # Runs.
    RUN_IN_PROGRESS = "run_in_progress", 409, _REFUSED, "The connection is being collected already."
    UNKNOWN_EXCEPTION = "unknown_exception", 404, _REFUSED, "Nothing of this key stands out of what is covered."
    AMBIGUOUS = "ambiguous", 409, _REFUSED, "The name fits several; the reason says which."
    UNKNOWN_RUN = "unknown_run", 404, _REFUSED, "There is no run of this id."
    RUN_SILENT = "run_silent", 503, _REFUSED, "The process of a run did not answer in time."
    NOT_RUNNING = "not_running", 409, _REFUSED, "The run does not go on."
    PAUSED_TOO_LONG = (
        "paused_too_long",
        500,
        _CANCELLED,
        "The run was paused for as long as a run may be, and was ended.",
    )
    UNKNOWN_INTERACTION = "unknown_interaction", 404, _REFUSED, "No run asks that, or not any more."
    BAD_ANSWER = "bad_answer", 400, _REFUSED, "The answer is not one that the question can take."
    RATE_LIMITED = "rate_limited", 500, _FAILED, "The site asks for a longer pause than a run may wait."
    CONNECTOR_STUCK = "connector_stuck", 500, _FAILED, "The connector does not read its input."
    LEASE_LOST = "lease_lost", 500, _FAILED, "Another process took over the connection while this one slept."
    TOO_LONG = "too_long", 500, _FAILED, "A trial run did not end in time."
    NOT_CLEAN = "not_clean", 500, _FAILED, "A recording would hold what looks like a secret, or personal data."
    RECORDING_DIFFERS = "recording_differs", 500, _FAILED, "A recording does not give its own records again."
    UNRECORDED_REQUEST = "unrecorded_request", 500, _FAILED, "The run sent a request that is not in the recording."
    REPLAY_INTO_LIVE = "replay_into_live", 400, _REFUSED, "A recording's records must not get into a live connection."
    STORE_PREVIEW = "store_preview", 500, _FAILED, "A preview was asked for what only an import or a run can do."
    BATCH_CLOSED = "batch_closed", 500, _FAILED, "Another process took the run for dead and ended it."

    # The boundary of a run.
    SCOPE_INVALID = "scope_invalid", 400, _REFUSED, "What to collect cannot be understood."
    SCOPE_NOT_SUPPORTED = "scope_not_supported", 400, _REFUSED, "The stream cannot be narrowed that way."
    MODE_INVALID = "mode_invalid", 400, _REFUSED, "The mode is not one that a run can have."
    FILES_INVALID = "files_invalid", 400, _REFUSED, "What is said of files is not true or false."
    UNKNOWN_KEY = "unknown_key", 400, _REFUSED, "The request has a part that does not exist."
    NOT_AN_OBJECT = "not_an_object", 400, _REFUSED, "The part has to be a JSON object."
    NOT_AN_ARRAY = "not_an_array", 400, _REFUSED, "The part has to be an array of strings."
    NOT_A_STRING = "not_a_string", 400, _REFUSED, "The part has to be a string."
    EMPTY = "empty", 400, _REFUSED, "The part is empty, which is never taken for everything."
    EMPTY_STRING = "empty_string", 400, _REFUSED, "An id or name is an empty string."
    PADDED = "padded", 400, _REFUSED, "There are spaces around an id or name."
    DUPLICATE = "duplicate", 400, _REFUSED, "An id or name is given twice."
    STREAM_NAME_INVALID = "stream_name_invalid", 400, _REFUSED, "A stream is named by something that is not text."
    RESERVED_NAME = "reserved_name", 400, _REFUSED, "No stream can have this name."
    STREAM_NOT_COLLECTED = "stream_not_collected", 400, _REFUSED, "The connector does not collect this stream."
    NOTHING_TO_COLLECT = "nothing_to_collect", 400, _REFUSED, "The connector declares no stream that it collects."
    RESOURCE_STREAM_NOT_SELECTED = (
        "resource_stream_not_selected",
        400,
        _REFUSED,
        "Resources are given of a stream that is not selected.",
    )
    FIELD_STREAM_NOT_SELECTED = (
        "field_stream_not_selected",
        400,
        _REFUSED,
        "Fields are given of a stream that is not selected.",
    )
    RESOURCE_NOT_A_KEY = "resource_not_a_key", 400, _REFUSED, "The id cannot be a key of the stream."
    RESOURCE_TOO_LONG = "resource_too_long", 400, _REFUSED, "The id is longer than a key can be."
    TOO_MANY_RESOURCES = "too_many_resources", 400, _REFUSED, "More ids are given than one run takes."
    TIME_INVALID = "time_invalid", 400, _REFUSED, "The time is not ISO 8601."
    TIME_NAIVE = "time_naive", 400, _REFUSED, "The time has no time zone."
    EMPTY_RANGE = "empty_range", 400, _REFUSED, "The end of the range is not later than its beginning."

    # Files that are imported.
    NO_SUCH_FILE = "no_such_file", 400, _REFUSED, "The file is not there, or none was named."
    ARTIFACT_EMPTY = "artifact_empty", 400, _REFUSED, "The file is empty."
    ARTIFACT_UNREADABLE = "artifact_unreadable", 400, _REFUSED, "The file cannot be read."
    ARCHIVE_BROKEN = "archive_broken", 400, _REFUSED, "The archive is damaged, or holds nothing."
    ARCHIVE_ENCRYPTED = "archive_encrypted", 400, _REFUSED, "The archive is encrypted."
    ARCHIVE_SPLIT = "archive_split", 400, _REFUSED, "The file is one part of an archive that was split."
    ARCHIVE_BOMB = "archive_bomb", 400, _REFUSED, "The archive would unpack to more than any export does."
    ARCHIVE_TOO_MANY = "archive_too_many", 400, _REFUSED, "The archive holds more files than any export does."
    ENTRY_UNREADABLE = "entry_unreadable", 500, _FAILED, "A file in the archive cannot be read to its end."
    NOT_RECOGNISED = "not_recognised", 400, _REFUSED, "The file is not an export of any known kind."
    RECOGNISED_TWICE = "recognised_twice", 400, _REFUSED, "The file could be an export of two sources."
    OTHER_SOURCE = "other_source", 400, _REFUSED, "The connection is of another source."
    IMPORT_INTO_REPLAY = "import_into_replay", 409, _REFUSED, "The connection was made from a recording."
    IMPORTER_BROKEN = "importer_broken", 400, _REFUSED, "The source's importer cannot be loaded."
    IMPORTER_FAILED = "importer_failed", 500, _FAILED, "The importer stumbled over the file."
    IDENTITY_UNDECLARED = (
        "identity_undeclared",
        400,
        _REFUSED,
        "A stream does not declare which fields identify a record, so nothing can be imported into it.",
    )
    NOT_WATCHING = "not_watching", 400, _REFUSED, "The connection watches no folder."
    WATCH_UNREADABLE = "watch_unreadable", 400, _REFUSED, "The watched folder cannot be read."
    UNKNOWN_ARTIFACT = "unknown_artifact", 404, _REFUSED, "The uploaded file is not there, or not any more."
    UPLOAD_TOO_LARGE = "upload_too_large", 413, _REFUSED, "The file is larger than an upload may be."

    # What is stored.
    UNKNOWN_BATCH = "unknown_batch", 404, _EITHER, "There is no batch or run of this id, or not any more."
    UNKNOWN_RECORD = "unknown_record", 404, _REFUSED, "The stream holds no record of this key."
    UNKNOWN_PARTITION = "unknown_partition", 404, _REFUSED, "No conversation is called so, or several are."
    BAD_DAY = "bad_day", 400, _REFUSED, "The day is not one, or the records of the stream have no time."
    UNKNOWN_FILE = "unknown_file", 404, _REFUSED, "The connection knows no file of this number."
    FILE_NOT_HERE = "file_not_here", 404, _REFUSED, "The file is known, and its bytes are not in the home."
    BAD_RANGE = "bad_range", 416, _REFUSED, "The file has no bytes in the range that was asked for."
    NO_RECEIPT = "no_receipt", 409, _REFUSED, "The run's process died before it could write a receipt."
    NOT_ENDED = "not_ended", 409, _REFUSED, "The run goes on; its receipt is written when it ends."
    QUERY_EMPTY = "query_empty", 400, _REFUSED, "The search has no word to find."
    QUERY_TOO_LONG = "query_too_long", 400, _REFUSED, "The search is longer than a search may be."
    QUERY_TOO_WIDE = "query_too_wide", 400, _REFUSED, "The search would find nearly everything."

    # Exports.
    NO_DIRECTORY = "no_directory", 400, _REFUSED, "No directory to export into was named."
    UNKNOWN_FORMAT = "unknown_format", 404, _REFUSED, "There is no export format of this name, or none was named."
    FORMAT_NOT_INCREMENTAL = "format_not_incremental", 400, _REFUSED, "The format cannot take changes alone."
    CHANGES_NOT_NARROWED = "changes_not_narrowed", 400, _REFUSED, "Changes cannot be narrowed by time."
    NO_EARLIER_EXPORT = "no_earlier_export", 400, _REFUSED, "There is no earlier export in the directory to go on from."
    OTHER_EXPORT = "other_export", 400, _REFUSED, "The directory holds an export of something else."
    NO_PARTITIONS = "no_partitions", 400, _REFUSED, "Nothing that is exported has partitions."
    EXPORT_DIRECTORY = "export_directory", 400, _REFUSED, "The directory holds other files, or is polyhost's own."
    EXPORT_FAILED = "export_failed", 500, _FAILED, "The export could not be written."

    # Schedules, notifications, settings.
    TOO_OFTEN = "too_often", 400, _REFUSED, "The source is not to be collected that often."
    NOTHING_TO_SCHEDULE = (
        "nothing_to_schedule",
        409,
        _REFUSED,
        "The connection has no site that it could be collected from.",
    )
    BAD_QUIET_HOURS = "bad_quiet_hours", 400, _REFUSED, "The quiet hours are not written as 22:00-07:00."
    BAD_TIME_ZONE = "bad_time_zone", 400, _REFUSED, "The time zone is not known."
    BAD_CONFIG = "bad_config", 400, _REFUSED, "A setting cannot be used as it is."
    NO_NOTIFICATIONS = "no_notifications", 409, _REFUSED, "No way to notify the owner is set."
    NO_DESKTOP_NOTIFICATIONS = (
        "no_desktop_notifications",
        500,
        _FAILED,
        "This machine has nothing that shows notifications.",
    )
    NOTICE_NOT_SHOWN = "notice_not_shown", 500, _FAILED, "The desktop did not show the notification."
    NOTICE_NOT_TAKEN = "notice_not_taken", 500, _FAILED, "The webhook did not take the notification."

    # The home and its store.
    HOME_UNWRITABLE = "home_unwritable", 400, _EITHER, "The home cannot be written."
    HOME_READABLE = "home_readable", 400, _REFUSED, "Other accounts of the machine can read the home."
    HOME_UNSUITABLE = "home_unsuitable", 400, _REFUSED, "The home is on a file system that a store cannot be on."
    DISK_FULL = "disk_full", 507, _EITHER, "The disk is full."
    LINK_IN_HOME = "link_in_home", 409, _EITHER, "A link stands among the files in the home, where polyhost made none."
    STORE_LOCKED = "store_locked", 503, _EITHER, "Another program holds the store."
    STORE_CORRUPT = "store_corrupt", 400, _EITHER, "The store is damaged, or is not a store."
    STORE_FAILED = "store_failed", 500, _EITHER, "The store cannot be read or written."
    STORE_VALUE = "store_value", 500, _EITHER, "A value is not one that a store can keep."
    STORE_CLOSED = "store_closed", 500, _FAILED, "The store is closed."
    STORE_SNAPSHOT = "store_snapshot", 500, _FAILED, "A snapshot or a preview cannot be written."
    STORE_FOREIGN = "store_foreign", 400, _REFUSED, "The file is another program's database."
    STORE_TOO_NEW = "store_too_new", 400, _REFUSED, "The store was written by a newer polyhost."

    # Polyfills: the manifest's files, its shape, its rules.
    MANIFEST_INVALID = "manifest_invalid", 400, _REFUSED, "The manifest cannot be run."
    MANIFEST_UNREADABLE = "manifest_unreadable", 400, _REFUSED, "The manifest cannot be read."
    MANIFEST_NO_JSON = "manifest_no_json", 400, _REFUSED, "The manifest is not JSON."
    MANIFEST_NO_RUNNER = "manifest_no_runner", 400, _REFUSED, "The manifest does not say how to run it."
    MANIFEST_FILE_INVALID = "manifest_file_invalid", 400, _REFUSED, "The manifest names a file by what cannot name one."
    MANIFEST_FILE_MISSING = "manifest_file_missing", 400, _REFUSED, "A file that the manifest names is not there."
    MANIFEST_FILE_OUTSIDE = (
        "manifest_file_outside",
        400,
        _REFUSED,
        "A file that the manifest names is outside its folder.",
    )
    MANIFEST_NOT_AN_OBJECT = "manifest_not_an_object", 400, _REFUSED, "The manifest is not a JSON object."
    MANIFEST_FIELD_MISSING = "manifest_field_missing", 400, _REFUSED, "A required field of the manifest is missing."
    MANIFEST_FIELD_INVALID = "manifest_field_invalid", 400, _REFUSED, "A field of the manifest cannot be used as it is."
    MANIFEST_TWO_RUNNERS = "manifest_two_runners", 400, _REFUSED, "The manifest says in two ways how to run it."
    SCHEMA_INVALID = "schema_invalid", 400, _REFUSED, "A stream's schema is not one that records can be held to."
    DUPLICATE_STREAM = "duplicate_stream", 400, _REFUSED, "Two streams have the same name."
    DUPLICATE_PRIMARY_KEY = "duplicate_primary_key", 400, _REFUSED, "The primary key names a field twice."
    DUPLICATE_PARENT = "duplicate_parent", 400, _REFUSED, "A parent stream is named twice."
    EMPTY_PARENT_STREAMS = "empty_parent_streams", 400, _REFUSED, "`parent_streams` names none."
    UNKNOWN_PARENT = "unknown_parent", 400, _REFUSED, "A parent stream does not exist."
    SELF_REFERENCE = "self_reference", 400, _REFUSED, "A stream depends on itself."
    DEPENDENCY_CYCLE = "dependency_cycle", 400, _REFUSED, "A stream's parents lead back to it."
    STATE_AND_PARENT_STREAMS = (
        "state_and_parent_streams",
        400,
        _REFUSED,
        "`state_stream` and `parent_streams` exclude each other.",
    )
    STRATEGY_MISMATCH = "strategy_mismatch", 400, _REFUSED, "The coverage strategy does not fit what else is declared."
    RESOURCE_FIELD_WITHOUT_RESOURCES = (
        "resource_field_without_resources",
        400,
        _REFUSED,
        "`selection.resource_field` needs `selection.resources`.",
    )
    RESOURCE_FIELD_NOT_PARTITION = (
        "resource_field_not_partition",
        400,
        _REFUSED,
        "`selection.resource_field` and `partition.field` name different fields.",
    )
    UNKNOWN_INVENTORY_STREAM = "unknown_inventory_stream", 400, _REFUSED, "The inventory stream does not exist."
    UNKNOWN_PRIMARY_KEY = "unknown_primary_key", 400, _REFUSED, "`primary_key` names no property of the schema."
    UNKNOWN_CURSOR_FIELD = "unknown_cursor_field", 400, _REFUSED, "`cursor_field` names no property of the schema."
    UNKNOWN_CONSENT_TIME_FIELD = (
        "unknown_consent_time_field",
        400,
        _REFUSED,
        "`consent_time_field` names no property of the schema.",
    )
    UNKNOWN_FILES_FIELD = "unknown_files_field", 400, _REFUSED, "A path of `files` names no property of the schema."
    UNKNOWN_READING_FIELD = (
        "unknown_reading_field",
        400,
        _REFUSED,
        "`reading` names a property that is not in the schema, or a stream that is not there.",
    )
    UNKNOWN_RESOURCE_FIELD = (
        "unknown_resource_field",
        400,
        _REFUSED,
        "`selection.resource_field` names no property of the schema.",
    )
    UNKNOWN_PARTITION_FIELD = (
        "unknown_partition_field",
        400,
        _REFUSED,
        "`partition.field` names no property of the schema.",
    )
    UNKNOWN_PARTITION_CURSOR_FIELD = (
        "unknown_partition_cursor_field",
        400,
        _REFUSED,
        "`partition.cursor_field` names no property of the schema.",
    )
    UNKNOWN_PARTITION_GROUP_FIELD = (
        "unknown_partition_group_field",
        400,
        _REFUSED,
        "`partition.group_field` names no property of the schema.",
    )
    UNKNOWN_PARTITION_LABEL_FIELD = (
        "unknown_partition_label_field",
        400,
        _REFUSED,
        "`partition.label_field` names no property of the inventory stream.",
    )
    UNKNOWN_IDENTITY_FIELD = "unknown_identity_field", 400, _REFUSED, "`identity` names no property of the schema."
    UNKNOWN_VOLATILE_FIELD = (
        "unknown_volatile_field",
        400,
        _REFUSED,
        "`volatile_fields` names no property of the schema.",
    )
    UNKNOWN_LABEL_FIELD = "unknown_label_field", 400, _REFUSED, "`label_fields` names no property of the schema."
    UNKNOWN_SEARCH_FIELD = "unknown_search_field", 400, _REFUSED, "`search` names no property of the schema."
    CAPABILITY_MISSING = "capability_missing", 400, _REFUSED, "The connector sends messages that nothing here takes."
    BINDING_MISSING = "binding_missing", 400, _REFUSED, "The connector requires something that nothing here offers."
    FOLDER_TAKEN = "folder_taken", 400, _REFUSED, "There is something already where the new folder would go."
