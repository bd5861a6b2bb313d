"""Where a webhook may be: what is posted there is nobody else's business."""

from pathlib import Path

import pytest

from polyhost.engine.settings._webhook_address import address_fault
from polyhost.engine.settings.config import load_config
from polyhost.errors import RefusedError


@pytest.mark.parametrize(
    "url",
    ["https://ntfy.sh/topic", "http://127.0.0.1:2586/topic", "http://[::1]:80/topic", "http://localhost/topic"],
)
def test_https_and_this_machine_are_taken(url: str):
    assert address_fault(url, plain=False) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://ntfy.example/topic",
        "http://127.0.0.1.example/topic",
        "http://10.0.0.1/topic",
        "https://owner:secret@ntfy.sh/topic",
        "ftp://ntfy.sh/topic",
        "file:///etc/passwd",
        "ntfy.sh/topic",
        "https:///topic",
        "http://[::1/topic",
        "https://host:port/topic",
        "",
    ],
)
def test_anything_else_is_not(url: str):
    fault = address_fault(url, plain=False)
    assert fault
    assert "secret" not in fault


def test_plain_http_to_another_machine_has_to_be_wanted(home: Path):
    assert address_fault("http://ntfy.example/topic", plain=True) is None
    home.mkdir()
    (home / "config.toml").write_text('[notify]\nwebhook = "http://ntfy.example/topic"\n', encoding="utf-8")
    with pytest.raises(RefusedError) as refused:
        load_config(home, environment={})
    assert refused.value.code == "bad_config"
    assert refused.value.reason.endswith("[notify] webhook is https, or on this machine; or set allow_plain_http")
