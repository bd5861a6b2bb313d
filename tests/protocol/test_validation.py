"""A record is judged by its schema, and what is no JSON is neither valid nor mended."""

from __future__ import annotations

import pytest

from playbooks import manifest, stream
from polyhost.protocol.validation import Fault, build_validators


@pytest.mark.parametrize("value", [object(), {1: "a key that is no text"}, b"bytes", ["\ud800"]])
def test_what_json_does_not_know_is_refused_and_cannot_be_mended(value: object):
    """A connector in the host's own process may hand over anything."""
    of = manifest(stream("notes", properties={"mood": {"type": ["string", "null"]}}))
    [validate] = build_validators(of).values()
    data = {"id": "n1", "mood": value}
    assert validate(data) == Fault("not_json", "")
    assert validate.mend(data) is None
    assert validate({"id": "n1", "mood": None}) is None
