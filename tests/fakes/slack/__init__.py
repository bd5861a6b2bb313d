"""A fake Slack: the truth of workspaces, and a TLS server that tells it as strictly as the real service is known to.

world       the truth, and what may happen to it        script      events between two runs
scenarios   ready-made workspaces                       populated   generated ones, for load
server      FakeSlack: start it, point a browser at it  faults      what goes wrong on purpose
behaviour   switches where the facts are uncertain      truth       what a collection must equal
"""

from fakes.slack import scenarios, script, truth
from fakes.slack.behaviour import Behaviour
from fakes.slack.chance import happen
from fakes.slack.faults import Fault, Faults
from fakes.slack.populated import populated
from fakes.slack.script import play
from fakes.slack.server import FakeSlack, serving, usual_port
from fakes.slack.world import Ref, Workspace

__all__ = [
    "Behaviour",
    "FakeSlack",
    "Fault",
    "Faults",
    "Ref",
    "Workspace",
    "happen",
    "play",
    "populated",
    "scenarios",
    "script",
    "serving",
    "truth",
    "usual_port",
]
