"""The way out of a run's browser: a proxy of the host's own, which decides who is reached.

`policy` says who may be, `heads` reads HTTP, `network` looks up and connects, `tunnel` passes bytes on, `authority`
checks certificates where an owner has an authority of their own, `server` is all of it together. It knows no browser,
so that it can stand before anything that speaks to a proxy, in this network or, on sockets it is handed, in another.
"""

from polyhost.proxy.authority import OwnAuthority, trusting
from polyhost.proxy.network import Network
from polyhost.proxy.policy import Attempt, Policy, Verdict
from polyhost.proxy.server import Proxy, serve

__all__ = ["Attempt", "Network", "OwnAuthority", "Policy", "Proxy", "Verdict", "serve", "trusting"]
