"""A real browser and the sites it visits; whether anything of a process is left."""

import pytest

from fakes.page_fixtures import pages, site, sites
from stdio_sessions import Lifeline

__all__ = ["pages", "site", "sites"]


@pytest.fixture
def lifeline(tmp_path):
    line = Lifeline(tmp_path / "lifeline")
    yield line
    line.close()
