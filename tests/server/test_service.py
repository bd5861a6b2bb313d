"""The files that let a session start polyhost: held against goldens, and verified by systemd where it is.

POLYHOST_GOLDENS=write writes them anew; read the diff.
"""

import os
import plistlib
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from polyhost.errors import RefusedError
from polyhost.server.service import MARK, Manager, Service, install, manager_here, uninstall

GOLDENS = Path(__file__).parent / "goldens"
MANAGERS: list[Manager] = ["systemd", "launchd"]
SERVICE = Service(
    home=Path('/home/ada/My "data" 100% $HOME'),
    port=8788,
    program=("/opt/polyhost/bin/python", "-m", "polyhost"),
    environment={"POLYHOST_BROWSER": "/usr/bin/chromium", "AWS_SECRET": "x"},
    user_home=Path("/home/ada"),
)


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return replace(SERVICE, user_home=tmp_path)


@pytest.mark.parametrize("manager", MANAGERS)
def test_the_files_are_as_the_goldens_have_them(manager: Manager):
    golden = GOLDENS / SERVICE.path(manager).name
    if os.environ.get("POLYHOST_GOLDENS") == "write":
        golden.parent.mkdir(exist_ok=True)
        golden.write_bytes(SERVICE.text(manager))
    assert SERVICE.text(manager) == golden.read_bytes()


def test_an_agent_starts_the_command_word_by_word_and_keeps_little_of_the_environment():
    agent = plistlib.loads(SERVICE.text("launchd"))
    assert agent["ProgramArguments"] == SERVICE.command
    assert agent["EnvironmentVariables"] == {"POLYHOST_BROWSER": "/usr/bin/chromium"}
    assert b"AWS" not in SERVICE.text("systemd")


def test_systemd_finds_nothing_wrong_with_the_unit(service: Service, tmp_path: Path):
    """Where systemd is not installed, the golden above is all there is."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        return
    program = tmp_path / "a % program"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o700)
    done = install(replace(service, program=(str(program),)), "systemd")
    (tmp_path / "run").mkdir()
    told = subprocess.run(
        [analyze, "--user", "verify", str(done.path)],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path / "run")},
    )
    assert (told.returncode, done.path.name in told.stderr) == (0, False), told.stderr


@pytest.mark.parametrize("manager", MANAGERS)
def test_installing_twice_changes_nothing_and_uninstalling_leaves_nothing(service: Service, manager: Manager):
    done = install(service, manager)
    assert done.changed
    assert done.path.read_bytes() == service.text(manager)
    assert done.path.stat().st_mode & 0o777 == 0o644
    assert done.next
    assert not install(service, manager).changed
    assert install(replace(service, port=9000), manager).changed
    gone = uninstall(service, manager)
    assert gone.next
    assert list(done.path.parent.iterdir()) == []
    with pytest.raises(RefusedError) as refused:
        uninstall(service, manager)
    assert refused.value.code == "no_service"


def test_a_unit_that_was_enabled_is_not_looked_for_any_more(service: Service):
    path = install(service, "systemd").path
    link = path.parent / "default.target.wants" / path.name
    link.parent.mkdir()
    link.symlink_to(path)
    uninstall(service, "systemd")
    assert not link.is_symlink()


@pytest.mark.parametrize("manager", MANAGERS)
def test_what_somebody_else_has_put_there_stays(service: Service, manager: Manager):
    path = service.path(manager)
    path.parent.mkdir(parents=True)
    path.write_text("mine", encoding="utf-8")
    for act in (install, uninstall):
        with pytest.raises(RefusedError) as refused:
            act(service, manager)
        assert refused.value.code == "service_not_ours"
    assert path.read_text() == "mine"


def test_a_file_that_cannot_be_finished_leaves_the_one_before(service: Service, monkeypatch: pytest.MonkeyPatch):
    path = install(service, "systemd").path

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        install(replace(service, port=9000), "systemd")
    assert path.read_bytes() == service.text("systemd")
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_each_home_has_a_service_of_its_own(service: Service):
    other = replace(service, default_home=False)
    another = replace(other, home=Path("/srv/data"))
    assert len({one.path("systemd") for one in (service, other, another)}) == 3


def test_units_go_where_the_session_looks_for_them(service: Service):
    moved = replace(service, environment={"XDG_CONFIG_HOME": "/etc/ada"})
    assert moved.path("systemd") == Path("/etc/ada/systemd/user/polyhost.service")


def test_each_platform_has_its_manager():
    assert (manager_here("linux"), manager_here("darwin")) == ("systemd", "launchd")
    with pytest.raises(RefusedError) as refused:
        manager_here("win32")
    assert refused.value.code == "no_service_manager"


def test_the_mark_is_in_both():
    assert all(MARK.encode() in SERVICE.text(manager) for manager in MANAGERS)
