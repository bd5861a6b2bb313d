"""A real browser and the sites it visits."""

from fakes.page_fixtures import pages, site, sites

__all__ = ["pages", "site", "sites"]
