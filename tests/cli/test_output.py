"""What a command prints arrives whole or the command fails: real processes, pipes, a full disk, closed streams."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from checkout import ROOT

LONG = 720_220
PRINT = (
    "import sys; from polyhost.cli.output import whole_output\n"
    f"with whole_output(): sys.stdout.buffer.write(b'x' * {LONG})"
)
LIST = ("polyfill", "list", "--json")
COMMAND = "from polyhost.cli.main import main; main()"


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT / "host"), **more}


def start(code: str, *words: str, **given) -> subprocess.Popen[bytes]:
    given.setdefault("env", environment())
    return subprocess.Popen([sys.executable, "-c", code, *words], stderr=subprocess.PIPE, **given)


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("blocking", [True, False])
def test_a_pipe_gets_all_of_it_whether_or_not_python_buffers_and_the_pipe_blocks(unbuffered: str, blocking: bool):
    reader, writer = os.pipe()
    os.set_blocking(writer, blocking)
    with start(PRINT, stdout=writer, env=environment(PYTHONUNBUFFERED=unbuffered)) as process:
        os.close(writer)
        with os.fdopen(reader, "rb") as pipe:
            assert len(pipe.read()) == LONG
        assert (process.wait(30), process.stderr.read()) == (0, b"")


@pytest.mark.parametrize(
    ("code", "words"), [(PRINT, ()), (COMMAND, ("--help",)), (COMMAND, ("polyfill", "list", "--json"))]
)
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_full_disk_behind_the_output_fails_the_command_with_one_sentence(code: str, words: tuple[str, ...]):
    with Path("/dev/full").open("wb") as full:
        process = start(code, *words, stdout=full)
        said = process.communicate(timeout=60)[1].decode()
    assert process.returncode == 1
    assert "could not be written: No space left on device" in said
    assert "Traceback" not in said
    assert "Exception ignored" not in said


def test_a_reader_that_leaves_early_ends_the_command_without_a_word():
    with start(PRINT, stdout=subprocess.PIPE, bufsize=0) as process:
        process.stdout.read(1)
        process.stdout.close()
        assert (process.wait(30), process.stderr.read()) == (1, b"")


def test_an_output_that_was_closed_from_the_start_fails_the_command(tmp_path: Path):
    """And nothing that is opened later is printed into."""
    code = f"{PRINT.splitlines()[0]}\nwith whole_output():\n open({str(tmp_path / 'kept')!r}, 'w'); print('x' * 100)"
    shell = ["/bin/sh", "-c", 'exec "$@" >&-', "sh", sys.executable, "-c", code]
    done = subprocess.run(shell, stderr=subprocess.PIPE, env=environment(), timeout=30, check=False)
    assert done.returncode == 1
    assert b"could not be written" in done.stderr
    assert b"Traceback" not in done.stderr
    assert (tmp_path / "kept").read_text() == ""


@pytest.mark.parametrize("closed", ["<&-", "<&- 2>&-"])
def test_a_command_without_standard_input_opens_nothing_in_its_place(closed: str):
    """uvloop ends a process that gives a socket a number below three."""
    code = (
        f"{PRINT.splitlines()[0]}\nimport asyncio, uvloop\n"
        "async def ask():\n await (await asyncio.create_subprocess_exec('true')).wait()\n"
        "with whole_output():\n uvloop.run(ask()); print(sys.stdin.isatty(), sys.stdin.read() == '')"
    )
    shell = ["/bin/sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, "-c", code]
    done = subprocess.run(shell, stdout=subprocess.PIPE, env=environment(), timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, b"False True\n")


def test_standard_error_that_takes_nothing_costs_the_command_nothing():
    with Path(os.devnull).open("rb") as unwritable:
        code = f"{PRINT.splitlines()[0]}\nwith whole_output(): sys.stderr.write('a note\\n' * 9); print('kept')"
        done = subprocess.run(
            [sys.executable, "-c", code],
            stdout=subprocess.PIPE,
            stderr=unwritable,
            env=environment(),
            timeout=30,
            check=False,
        )
    assert (done.returncode, done.stdout) == (0, b"kept\n")


def test_a_terminal_that_knows_ascii_only_gets_question_marks():
    code = f"{PRINT.splitlines()[0]}\nwith whole_output(): print('Zoë · ✓')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        env=environment(PYTHONIOENCODING="ascii"),
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"Zo? ? ?\n", b"")


def test_a_status_that_was_chosen_stays_where_all_of_it_arrived():
    process = start(f"{PRINT}; sys.exit(3)", stdout=subprocess.PIPE)
    assert len(process.communicate(timeout=30)[0]) == LONG
    assert process.returncode == 3
