"""Bindings are matched before a connector starts (profile: bindings; requirements PR-4.3)."""

import pytest

from playbooks import MESSAGES, manifest_json, stream
from polyhost.protocol.bindings import PARTITIONS, BindingError, keeps_cursors_on_the_way, match_bindings
from polyhost.protocol.manifest import load_manifest


def of(*streams, **bindings: bool):
    declared = {name: {"required": required} for name, required in bindings.items()}
    return load_manifest(manifest_json(*streams, runtime_requirements={"bindings": declared}))


@pytest.mark.requirement("PR-4.3")
def test_a_required_binding_that_is_not_offered_is_refused_by_name():
    with pytest.raises(BindingError) as caught:
        match_bindings(of(filesystem=True, network=True), {"network": {}})
    assert caught.value.binding == "filesystem"


@pytest.mark.requirement("PR-4.3")
def test_an_optional_binding_may_be_missing_and_an_undeclared_one_is_not_handed_over():
    offered = {"network": {}, "filesystem": {"path": "/"}}
    assert match_bindings(of(network=True, interactive=False), offered) == {"network": {}}


def test_a_bare_browser_means_browser_automation():
    """Seen in the wild (profile: bindings)."""
    offered = {"browser_automation": {"interface": "cdp", "ws_url": "ws://127.0.0.1:1"}}
    matched = match_bindings(of(browser=True), offered)
    assert matched["browser"] == matched["browser_automation"] == offered["browser_automation"]


def test_partitions_are_handed_to_connectors_that_have_some():
    assert PARTITIONS in match_bindings(of(MESSAGES), {PARTITIONS: {}})
    assert PARTITIONS not in match_bindings(of(stream("notes")), {PARTITIONS: {}})


def test_a_cursor_is_kept_on_the_way_of_whoever_speaks_our_extension():
    page = {"script": "x.js", "page": "https://x.org/", "hosts": ["x.org"]}
    assert keeps_cursors_on_the_way(of(**{PARTITIONS: False}))
    assert keeps_cursors_on_the_way(load_manifest(manifest_json(polyfill=page)))
    assert not keeps_cursors_on_the_way(of(MESSAGES))
