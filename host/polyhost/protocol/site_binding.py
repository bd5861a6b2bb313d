"""A manifest at one site: `{site}` and the hosts that its owner and the site name, filled in.

Owns: what is filled in, and where. No text of an address becomes anything but an address there. Pure. Must not know:
where an address is kept, what reaches a host.
"""

from __future__ import annotations

from collections.abc import Sequence

from polyhost.protocol.declarations import SITE, HostDecl, Manifest, PolyfillDecl
from polyhost.protocol.named_hosts import NamedHost
from polyhost.protocol.site_address import SiteAddress, site_address

__all__ = ["at_site", "read_site"]


def read_site(declared: PolyfillDecl, text: str) -> SiteAddress:
    """The address, where the manifest takes it. SiteAddressError where it does not."""
    entry = declared.setup_host
    return site_address(text, allow_private=entry is not None and entry.allow_private)


def at_site(manifest: Manifest, site: SiteAddress, named: Sequence[NamedHost] = ()) -> Manifest:
    """The same, as it runs at this site. `named`: further hosts, which the site itself calls its own; they may be in a
    private network where the site may."""
    declared = manifest.polyfill
    if declared is None or declared.setup_host is None:
        return manifest
    private = declared.setup_host.allow_private
    entry = HostDecl(host=site.origin, allow_private=private, rationale=declared.setup_host.rationale)
    fixed = tuple(one for one in declared.host_entries if one.setup_field is None)
    besides = tuple(host.declared(allow_private=private) for host in named)
    page = f"{site}{declared.page.removeprefix(SITE)}" if declared.page.startswith(SITE) else declared.page
    bound = declared.model_copy(update={"page": page, "host_entries": (entry, *fixed, *besides)})
    return manifest.model_copy(update={"polyfill": bound})
