"""Installing `polyhost serve` as a service of the owner's session, and taking it away.

Must not know: what the service manager's files look like.
"""

from __future__ import annotations

from polyhost.engine import service
from polyhost.operations.context import Context, default_home
from polyhost.operations.registry import Result

__all__ = ["install", "uninstall"]


def install(context: Context, port: int | None) -> Result:
    """Write the file, and say what to type next. `port` None: as in the settings, each time it starts."""
    manager = service.manager_here()
    return _result("installed", service.install(_service(context, port), manager))


def uninstall(context: Context) -> Result:
    """Remove the file, and say what to type next."""
    manager = service.manager_here()
    return _result("uninstalled", service.uninstall(_service(context, None), manager))


def _service(context: Context, port: int | None) -> service.Service:
    return service.Service(home=context.home, port=port, default_home=context.home == default_home().absolute())


def _result(what: str, done: service.Done) -> Result:
    return Result({"done": what, "file": str(done.path), "changed": done.changed, "next": list(done.next)})
