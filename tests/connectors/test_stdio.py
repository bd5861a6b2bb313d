"""Connectors as real processes, most of them badly behaved: everything ends, and says why (ours; profile: stdio)."""

import asyncio
import json
import os
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from background import background
from polyhost.connectors.base import Batch, ConnectorExited, Malformed
from polyhost.connectors.process_tree import MARK
from polyhost.connectors.stdio import BATCH_MESSAGES, CREDIT, StdioConnector, Timeouts, child_environment
from polyhost.errors import RefusedError, RunFailedError
from stdio_sessions import NoCalls, opened, read_all, until

START = {"type": "START", "run_id": "run_1", "scope": {"streams": [{"name": "messages"}]}, "state": None}
QUICK = Timeouts(send=0.3, finish=0.3, terminate=0.3, kill=5.0, silence=0.3)
"""For the tests in which a step must run out of time."""
STUCK_SECONDS = 0.2
"""How long something that must not happen gets to happen."""

# what the child sees


@pytest.mark.requirement("PR-4.6")
async def test_the_environment_is_allow_listed(tmp_path, monkeypatch):
    """No credential of the host, nothing of its own settings."""
    monkeypatch.setenv("POLYHOST_HOME", "/secret/place")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2hunter2")
    monkeypatch.setenv("HTTPS_PROXY", "http://user:pass@proxy")
    monkeypatch.setenv("LC_TIME", "C")
    async with opened("say(type='PROGRESS', seen=sorted(os.environ))", tmp_path) as session:
        messages, _ = await read_all(session)
    seen = set(messages[0]["seen"]) - {"__CF_USER_TEXT_ENCODING"}  # macOS adds it to every process
    assert seen == set(child_environment(os.environ)) | {MARK} | {"LC_CTYPE"} & seen
    assert {"PATH", "LC_TIME"} <= seen
    assert not seen & {"POLYHOST_HOME", "AWS_SECRET_ACCESS_KEY", "HTTPS_PROXY"}


async def test_it_runs_in_the_folder_of_its_manifest_in_a_group_of_its_own(tmp_path):
    script = "say(type='PROGRESS', cwd=os.getcwd(), leads=os.getpgid(0) == os.getpid() == os.getsid(0))"
    async with opened(script, tmp_path) as session:
        messages, _ = await read_all(session)
    assert messages == [{"type": "PROGRESS", "cwd": str(tmp_path.resolve()), "leads": True}]


# a command that cannot run


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (["no-such-program-anywhere"], "not on PATH"),
        (["./missing"], "does not exist"),
        (["./plain.txt"], "not executable"),
        (["./bad-format"], "cannot be started"),
        ([], "not on PATH"),
        ([sys.executable, "a\0b"], "not a valid command"),
    ],
)
async def test_a_command_that_cannot_run_is_refused_naming_the_manifest(tmp_path, command, problem):
    (tmp_path / "plain.txt").write_text("x")
    (tmp_path / "bad-format").write_bytes(b"\0\0\0\0")
    (tmp_path / "bad-format").chmod(0o755)
    with pytest.raises(RefusedError) as refused:
        async with StdioConnector(command, tmp_path).open(NoCalls()):
            pass
    assert str(tmp_path / "manifest.json") in refused.value.reason
    assert problem in refused.value.reason
    assert refused.value.instruction


async def test_a_program_inside_the_folder_is_found_relative_to_the_manifest(tmp_path, monkeypatch):
    program = tmp_path / "site" / "collect"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho \'{"type":"PROGRESS","message":"here"}\'\n')
    program.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    async with StdioConnector(["./collect"], Path("site")).open(NoCalls()) as session:
        assert (await until(session, "PROGRESS"))["message"] == "here"


# batches


async def test_a_full_batch_holds_a_hundred_messages_in_order(tmp_path):
    script = """
        sys.stdout.write("".join(json.dumps({"type": "RECORD", "n": n}) + "\\n" for n in range(1050)))
    """
    async with opened(script, tmp_path) as session:
        batches = []
        async for event in session.events():
            if isinstance(event, Batch):
                batches.append(event)
                await session.acknowledge(event)
    assert [message["n"] for batch in batches for message in batch.messages] == list(range(1050))
    assert max(len(batch.messages) for batch in batches) == BATCH_MESSAGES
    assert [batch.number for batch in batches] == list(range(1, len(batches) + 1))


async def test_a_batch_is_full_at_256_kib(tmp_path):
    """Everything lies in the pipe before any of it is read, where the system lets a pipe be that large."""
    script = """
        import fcntl
        if hasattr(fcntl, "F_SETPIPE_SZ"): fcntl.fcntl(1, fcntl.F_SETPIPE_SZ, 1 << 20)
        os.write(1, (json.dumps({"type": "RECORD", "text": "x" * 100_000}) + "\\n").encode() * 9)
    """
    async with opened(script, tmp_path) as session:
        sizes = []
        async for event in session.events():
            if isinstance(event, Batch):
                sizes.append((len(event.messages), event.size))
                await session.acknowledge(event)
    assert sum(count for count, _ in sizes) == 9
    assert max(count for count, _ in sizes) <= 3


async def test_what_was_in_the_pipe_when_it_exited_is_not_lost(tmp_path, lifeline):
    """It writes on while nobody reads, and is gone before anybody does."""
    script = lifeline.held + textwrap.dedent("""
        lines = [json.dumps({"type": "RECORD", "n": n}) + "\\n" for n in range(2800)]
        sys.stdout.write("".join(lines[:1400])); sys.stdout.flush()
        hear()
        sys.stdout.write("".join(lines[1400:]))
    """)
    async with opened(script, tmp_path) as session:
        events = session.events()
        held = [await anext(events) for _ in range(CREDIT)]
        async with background(anext(events)) as following:
            await session.send(START)
            await lifeline.ends()
            await asyncio.wait({following}, timeout=STUCK_SECONDS)
            for batch in held:
                await session.acknowledge(batch)
            held.append(await following)
        await session.acknowledge(held[-1])
        rest, exited = await read_all(session)
    taken = [message for batch in held for message in batch.messages] + rest
    assert [message["n"] for message in taken] == list(range(2800))
    assert exited == ConnectorExited(0)


async def test_a_lone_message_does_not_wait_for_a_full_batch(tmp_path):
    """A PROGRESS or an INTERACTION reaches the owner now; this connector would wait for its answer forever."""
    script = """
        say(type='INTERACTION', request_id='i1')
        say(type='PROGRESS', answer=hear()['status'])
    """
    async with opened(script, tmp_path) as session:
        assert (await until(session, "INTERACTION"))["request_id"] == "i1"
        await session.send({"type": "INTERACTION_RESPONSE", "request_id": "i1", "status": "cancelled"})
        assert (await until(session, "PROGRESS"))["answer"] == "cancelled"


async def test_beyond_the_credit_stdout_is_not_read_and_the_child_waits(tmp_path):
    """The child tells over a side channel how far it got: a few pipes full, of an endless stream."""
    said = tmp_path / "said"
    script = f"""
        line = json.dumps({{"type": "RECORD", "text": "x" * 900}}) + "\\n"
        out, count = open({str(said)!r}, "w"), 0
        while True:
            sys.stdout.write(line); sys.stdout.flush()
            count += 1
            out.seek(0); out.write(str(count)); out.flush()
    """
    async with opened(script, tmp_path) as session:
        events = session.events()
        batches = [await anext(events) for _ in range(CREDIT)]
        async with background(anext(events)) as fifth:
            await asyncio.wait({fifth}, timeout=STUCK_SECONDS)
            assert not fifth.done()
            held = int(said.read_text()) - sum(len(batch.messages) for batch in batches)
            assert held * 920 < 3 * 64 * 1024
            await session.acknowledge(batches[2])
            assert (await fifth).number == CREDIT + 1


async def test_lines_that_are_no_messages_come_out_in_place(tmp_path):
    script = """
        say(type='PROGRESS')
        sys.stdout.write("my password is hunter2\\n")
        say(type='PROGRESS')
    """
    async with opened(script, tmp_path) as session:
        messages, _ = await read_all(session)
    assert [type(message) for message in messages] == [dict, Malformed, dict]
    assert messages[1].line == 2
    assert "hunter2" not in repr(messages)


# its end


@pytest.mark.requirement("PR-4.6")
async def test_stdin_stays_open_until_finish_and_its_end_is_the_acknowledgement(tmp_path):
    told = tmp_path / "told"
    script = f"""
        hear()
        say(type='DONE')
        rest = sys.stdin.read()
        open({str(told)!r}, "w").write("acknowledged" + rest)
    """
    async with opened(script, tmp_path) as session:
        await session.send(START)
        await until(session, "DONE")
        assert not told.exists()
        assert await session.finish() == ConnectorExited(0)
    assert told.read_text() == "acknowledged"


async def test_terminate_never_acknowledges(tmp_path):
    """A connector that is ended must not take the end of its input for durability: SIGTERM comes with stdin open."""
    told = tmp_path / "told"
    script = f"""
        def stop(*_):
            import select
            ended = bool(select.select([0], [], [], 0)[0])
            open({str(told)!r}, "w").write("end of input" if ended else "still open")
            sys.exit(7)
        signal.signal(signal.SIGTERM, stop)
        say(type='PROGRESS')
        forever()
    """
    async with opened(script, tmp_path) as session:
        await until(session, "PROGRESS")
        await session.terminate()
        await session.terminate()
        messages, exited = await read_all(session)
    assert told.read_text() == "still open"
    assert (messages, exited.status) == ([], 7)


async def test_what_is_written_after_finish_is_counted_not_lost_silently(tmp_path):
    """Nothing may follow DONE: what does is in no batch, and the exit says how much it was."""
    script = """
        say(type='DONE')
        sys.stdin.read()
        sys.stdout.write("\\n \\n" + "x" * 300_000 + "\\n")
    """
    async with opened(script, tmp_path) as session:
        await until(session, "DONE")
        assert (await session.finish()).unread == 300_000


async def test_a_child_that_ignores_the_acknowledgement_is_ended(tmp_path):
    script = "signal.signal(signal.SIGTERM, signal.SIG_IGN); say(type='DONE'); forever()"
    async with opened(script, tmp_path, patience=QUICK) as session:
        await until(session, "DONE")
        exited = await session.finish()
    assert exited.status is None
    assert "did not exit" in exited.detail


async def test_a_child_that_exits_early_is_told_with_status_and_last_words(tmp_path):
    script = "say(type='PROGRESS'); sys.stderr.write('Error: the site changed\\n'); sys.exit(3)"
    async with opened(script, tmp_path) as session:
        messages, exited = await read_all(session)
        assert await session.finish() == exited
    assert len(messages) == 1
    assert (exited.status, exited.detail) == (3, "It ended with status 3. It said: Error: the site changed")


async def test_a_child_killed_by_a_signal_is_told_so(tmp_path):
    async with opened("os.kill(os.getpid(), signal.SIGSEGV)", tmp_path) as session:
        _, exited = await read_all(session)
    assert (exited.status, exited.detail) == (128 + 11, "It was ended by SIGSEGV.")


async def test_half_a_line_before_death_is_malformed(tmp_path):
    script = 'sys.stdout.write(\'{"type":"RECORD","da\'); sys.stdout.flush(); os._exit(1)'
    async with opened(script, tmp_path) as session:
        messages, exited = await read_all(session)
    assert [message.rule for message in messages] == ["unterminated_line"]
    assert exited.status == 1


async def test_a_child_that_closes_its_output_and_stays_is_ended(tmp_path):
    async with opened("say(type='PROGRESS'); os.close(1); forever()", tmp_path, patience=QUICK) as session:
        messages, exited = await read_all(session)
    assert len(messages) == 1
    assert "closed its output" in exited.detail


async def test_a_child_that_says_nothing_is_ended(tmp_path):
    async with opened("forever()", tmp_path, patience=QUICK) as session:
        messages, exited = await read_all(session)
    assert messages == []
    assert "said nothing for 0.3 s" in exited.detail


@pytest.mark.requirement("RS-2")
async def test_empty_lines_without_end_are_silence_and_keep_nothing_else_waiting(tmp_path):
    script = "import os\nwhile True: os.write(1, b'\\n' * 1000)"
    patience = replace(QUICK, silence=1.0)
    async with opened(script, tmp_path, patience=patience) as session:
        turns = 0

        async def count() -> None:
            nonlocal turns
            while True:
                await asyncio.sleep(0)
                turns += 1

        async with background(count()):
            messages, exited = await read_all(session)
    assert (messages, "said nothing for 1 s" in exited.detail) == ([], True)
    assert turns > 100


async def test_silence_is_not_held_against_a_child_that_is_made_to_wait(tmp_path):
    """Out of credit it cannot speak: the clock runs only while the host listens."""
    script = "while True: say(type='RECORD', text='x' * 900)"
    patience = replace(QUICK, silence=2.0)  # longer than a busy machine takes to write one batch
    async with opened(script, tmp_path, patience=patience) as session:
        events = session.events()
        batches = [await anext(events) for _ in range(CREDIT)]
        async with background(anext(events)) as fifth:
            await asyncio.wait({fifth}, timeout=1.5 * patience.silence)
            assert not fifth.done()
            await session.acknowledge(batches[0])
            assert isinstance(await fifth, Batch)


async def test_a_child_that_never_reads_does_not_hang_the_host(tmp_path):
    big = {**START, "state": {"messages": "x" * 2_000_000}}
    async with opened("say(type='PROGRESS'); forever()", tmp_path, patience=QUICK) as session:
        with pytest.raises(RunFailedError) as failed:
            await session.send(big)
    assert failed.value.code == "connector_stuck"


async def test_sending_to_a_child_that_is_gone_is_no_error_of_its_own(tmp_path):
    big = {**START, "state": {"messages": "x" * 2_000_000}}
    async with opened("sys.stdin.read(10); sys.exit(4)", tmp_path) as session:
        await session.send(big)
        await session.send(START)
        _, exited = await read_all(session)
    assert exited.status == 4


async def test_a_large_start_arrives_whole(tmp_path):
    big = {**START, "state": {"messages": "ü\u2028" * 500_000}}
    async with opened("say(type='PROGRESS', length=len(hear()['state']['messages']))", tmp_path) as session:
        await session.send(big)
        assert (await until(session, "PROGRESS"))["length"] == 1_000_000


async def test_a_child_that_writes_forever_can_be_ended(tmp_path):
    script = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: say(type='RECORD', text='x' * 900)"
    async with opened(script, tmp_path, patience=QUICK) as session:
        await until(session, "RECORD")
        await session.terminate()
        messages, exited = await read_all(session)
    assert (messages, exited.status, exited.detail) == ([], None, "It was ended by the host.")


async def test_a_flood_on_stderr_neither_blocks_the_child_nor_grows_the_host(tmp_path):
    script = """
        for _ in range(200): sys.stderr.write("noise " * 2000)
        sys.stderr.write("\\nfatal: out of luck\\n")
        say(type='PROGRESS')
        sys.exit(1)
    """
    async with opened(script, tmp_path) as session:
        messages, exited = await read_all(session)
    assert len(messages) == 1
    assert exited.detail.endswith("It said: fatal: out of luck")


async def test_known_secrets_and_answers_do_not_come_back_on_stderr(tmp_path):
    script = """
        answer = hear()["data"]
        sys.stderr.write(f"Error: {answer['password']} {answer['more'][0]} xoxc-given refused\\n")
        sys.exit(1)
    """
    async with opened(script, tmp_path, secrets=["xoxc-given"]) as session:
        data = {"password": "hunter2", "more": ["123456"]}
        await session.send({"type": "INTERACTION_RESPONSE", "request_id": "i", "status": "success", "data": data})
        _, exited = await read_all(session)
    assert exited.detail == "It ended with status 1. It said: Error: [redacted] [redacted] [redacted] refused"


async def test_the_detail_of_an_exit_is_bounded(tmp_path):
    async with opened("sys.stderr.write('Error: ' + 'x' * 5000); sys.exit(1)", tmp_path) as session:
        _, exited = await read_all(session)
    assert len(exited.detail) <= 200


async def test_start_is_one_line_and_one_object_with_nothing_added(tmp_path):
    start = {**START, "state": {"messages": {"__proto__": "x", "lines": "a\nb\u2028c"}}}
    async with opened("say(type='PROGRESS', line=sys.stdin.readline())", tmp_path) as session:
        await session.send(start)
        line = (await until(session, "PROGRESS"))["line"]
    assert json.loads(line) == start
    assert line.count("\n") == 1


@pytest.mark.requirement("SL-2")
@pytest.mark.parametrize(("spool", "expected"), [(True, [1, 1, 4]), (False, [6])])
async def test_large_files_that_are_handed_over_come_one_to_a_batch(tmp_path: Path, spool: bool, expected: list[int]):
    script = """
        sizes = [300_000, 1 << 30, 1, "x", True, -5]
        lines = [json.dumps({"type": "BLOB", "size_bytes": size}) for size in sizes]
        sys.stdout.write("\\n".join(lines) + "\\n"); sys.stdout.flush()
        hear()
    """
    counts: list[int] = []
    async with opened(script, tmp_path, **({"spool": tmp_path} if spool else {})) as session:
        async for event in session.events():
            assert isinstance(event, Batch)
            counts.append(len(event.messages))
            await session.acknowledge(event)
            if sum(counts) == 6:
                break
    assert counts == expected
