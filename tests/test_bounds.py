"""What no run may exceed: one table, its settings, its codes (RS-1.7)."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from polyhost.bounds import BOUND_CODES, BOUNDS, DEFAULT_BOUNDS, RunBounds, bound_error
from polyhost.engine.settings.config import describe_settings, load_config
from polyhost.engine.sources.connectors import run_bounds
from polyhost.errors import RefusedError

pytestmark = pytest.mark.requirement("RS-1.7")


def test_every_bound_is_a_setting_with_its_default():
    settings = {one.name: one.default for one in describe_settings() if one.section == "bounds"}
    assert settings == {bound.name: bound.default for bound in BOUNDS} == asdict(DEFAULT_BOUNDS)


def test_every_bound_has_a_code_of_its_own_and_a_reason():
    assert len({bound.code for bound in BOUNDS}) == len(BOUNDS)
    assert all(bound.reason and bound.of for bound in BOUNDS)


@pytest.mark.parametrize("bound", [bound for bound in BOUNDS if bound.ends], ids=lambda bound: bound.name)
def test_the_error_of_a_bound_names_the_setting(bound):
    error = bound_error(bound.name, "It was too much")
    assert (error.code, error.code in BOUND_CODES) == (bound.code, True)
    assert f"{bound.name} in the section [bounds]" in error.instruction


def test_a_home_has_bounds_of_its_own(tmp_path: Path):
    (tmp_path / "config.toml").write_text("[bounds]\nsilence_minutes = 5\n", encoding="utf-8")
    found = run_bounds(tmp_path)
    assert (found.silence_seconds, found.memory_bytes) == (300, DEFAULT_BOUNDS.memory_bytes)


def test_every_unit_of_a_bound_is_the_one_its_name_says():
    bounds = RunBounds(run_minutes=2, silence_minutes=0.5, message_mb=1.5, memory_mb=3)
    assert (bounds.run_seconds, bounds.silence_seconds) == (120, 30)
    assert (bounds.message_bytes, bounds.memory_bytes) == (1_572_864, 3_145_728)


def test_a_bound_that_would_end_every_run_is_refused(tmp_path: Path):
    (tmp_path / "config.toml").write_text("[bounds]\nmemory_mb = 1\n", encoding="utf-8")
    with pytest.raises(RefusedError) as refused:
        load_config(tmp_path)
    assert refused.value.code == "bad_config"
