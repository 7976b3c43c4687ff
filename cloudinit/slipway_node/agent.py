"""The master's agent: asks the portal what there is to do, does it, and says how it ended."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from .duties import Duty, serve
from .job_log import send_log
from .job_process import Stop, end_processes
from .job_records import DIED, FINISHED, REPORTED, STARTED, OutputFile, Record, Records, Result
from .jobs import DIRECTORY_VARIABLE, JobError, JobTools, parse_job, run_job
from .portal import (
    Backoff,
    Command,
    CredentialRefusedError,
    PortalClient,
    PortalError,
    PortalRefusedError,
    PortalUnavailableError,
)

POLL_SECONDS = 25
LEASE_EVERY_SECONDS = 20.0
REFUSED_PAUSE_SECONDS = 60.0
LONGEST_REASON = 2000
UNFIT = (400, 413, 422)
AT_ONCE_SECONDS = 1.0
SHUT_DOWN = "The node's agent was shut down while the job ran, so the job was stopped. Submit it again."
UNWANTED = "The job was stopped as the portal asked."


class Lease:
    """Renews a command's lease while the block runs; sets `stop` when the portal wants it no more."""

    def __init__(self, client: PortalClient, command_id: str, stop: Stop) -> None:
        self._client = client
        self._command_id = command_id
        self._stop = stop
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lease", daemon=True)

    def __enter__(self) -> Lease:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()

    def _run(self) -> None:
        backoff = Backoff()
        pause = LEASE_EVERY_SECONDS
        while not self._closed.wait(pause):
            try:
                if not self._client.renew_lease(self._command_id):
                    self._stop.set(UNWANTED)
                    return
                backoff.reset()
                pause = LEASE_EVERY_SECONDS
            except PortalUnavailableError:
                pause = backoff.pause()
            except PortalError as error:
                say(f"lease of {self._command_id}: {error}")
                pause = LEASE_EVERY_SECONDS


class Agent:
    """One job at a time. `work` runs until `shut_down`, which another thread calls."""

    def __init__(self, client: PortalClient, tools: JobTools, records: Records) -> None:
        self._client = client
        self._tools = tools
        self._records = records
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._job_stop: Stop | None = None

    def shut_down(self) -> None:
        """Stop the job that runs, end a long poll; `work` returns soon after."""
        self._stopping.set()
        with self._lock:
            if self._job_stop is not None:
                self._job_stop.set(SHUT_DOWN)
        self._client.interrupt()

    def work(self) -> None:
        self._settle()
        backoff = Backoff()
        while not self._stopping.is_set():
            try:
                if self._round():
                    backoff.reset()
                    continue
                pause = backoff.pause()
            except CredentialRefusedError as error:
                say(f"{error}; asking again once a minute")
                pause = REFUSED_PAUSE_SECONDS
            except (PortalError, OSError) as error:
                say(str(error))
                pause = backoff.pause()
            self._stopping.wait(pause)

    def _settle(self) -> None:
        """What a former agent was running when it died: no trace of it goes on, and it counts as failed."""
        for record in self._records.unreported():
            if record.state == STARTED:
                end_processes(DIRECTORY_VARIABLE, self._tools.directory_uri(record.job_id))
                self._records.write(dataclasses.replace(record, state=FINISHED, result=Result(None, DIED)))

    def _round(self) -> bool:
        """Report what is open, ask once, do what is wanted. False: pause before the next round."""
        for record in self._records.unreported():
            with Lease(self._client, record.command_id, Stop()):
                self._report(record)
        asked = time.monotonic()
        commands = self._client.commands(POLL_SECONDS)
        if not commands:
            # A portal that answers "nothing" without waiting must not be asked in a spin.
            return time.monotonic() - asked > AT_ONCE_SECONDS
        handled = [self._handle(command) for command in commands if not self._stopping.is_set()]
        return all(handled)

    def _handle(self, command: Command) -> bool:
        """Carry a command out. Where that has been done already its result is told again (and False)."""
        say(f"command {command.id}: {command.kind}")
        if command.kind != "run-job":
            self._refuse(command, f"This node's program does not know the command {command.kind!r}.")
            return False
        body = command.body.get("job")
        try:
            job = parse_job(body if isinstance(body, dict) else {})
        except JobError as error:
            self._refuse(command, str(error))
            return False
        known = self._records.find(job.id)
        if known is not None:
            self._report(dataclasses.replace(known, command_id=command.id))
            return False
        stop = Stop()
        with Lease(self._client, command.id, stop):
            try:
                folder = self._records.begin(job.id, command.id)
            except OSError as error:
                self._refuse(command, f"The node could not write down that the job starts: {error}")
                return False
            result = run_job(job, folder, self._client, self._tools, self._current(stop))
            with self._lock:
                self._job_stop = None
            record = Record(job.id, command.id, FINISHED, result)
            self._records.write(record)
            say(f"job {job.id}: exit code {result.exit_code} {result.reason}")
            self._report(record)
        return True

    def _current(self, stop: Stop) -> Stop:
        with self._lock:
            self._job_stop = stop
            if self._stopping.is_set():
                stop.set(SHUT_DOWN)
        return stop

    def _refuse(self, command: Command, reason: str) -> None:
        self._client.post_result(command.id, answer_of(Result(None, reason)))

    def _report(self, record: Record) -> None:
        """Send the log's rest, the output, the result. PortalUnavailableError: do so again later."""
        folder = self._records.folder(record.job_id)
        with _refusals_said(record.job_id):
            if (folder / "log").exists():
                send_log(self._client, record.job_id, folder / "log")
        result = self._upload(record, folder / "output")
        with _refusals_said(record.job_id):
            self._tell(record.command_id, result)
        self._records.write(dataclasses.replace(record, state=REPORTED, result=result))
        self._records.clear(record.job_id)

    def _tell(self, command_id: str, result: Result) -> None:
        try:
            self._client.post_result(command_id, answer_of(result))
        except PortalRefusedError as error:
            if not result.output or error.status not in UNFIT:
                raise
            # The end of the job is what matters most: it shall not be lost with a list that is not taken.
            say(f"command {command_id}: the portal did not take the list of the output: {error}")
            self._client.post_result(command_id, answer_of(Result(result.exit_code, result.reason)))

    def _upload(self, record: Record, folder: Path) -> Result:
        files: list[OutputFile] = []
        refusals: list[str] = []
        for file in record.result.output:
            if file.copied and not file.uploaded:
                try:
                    self._client.put_output(record.job_id, file.path, folder / file.path)
                    file = dataclasses.replace(file, uploaded=True)
                except CredentialRefusedError:
                    raise
                except (PortalRefusedError, OSError) as error:
                    refusals.append(f"{file.path!r} could not be uploaded: {error}")
            files.append(file)
        reason = " ".join([record.result.reason, *refusals[:3]]).strip()
        return dataclasses.replace(record.result, reason=reason, output=tuple(files))


def answer_of(result: Result) -> dict[str, object]:
    """The body of `POST commands/ID/result`."""
    output = [{"path": file.path, "size": file.size, "uploaded": file.uploaded} for file in result.output]
    reason = "".join(letter if letter.isprintable() else " " for letter in result.reason[:LONGEST_REASON])
    return {"exit_code": result.exit_code, "reason": reason, "output": output}


@contextlib.contextmanager
def _refusals_said(job_id: str) -> Iterator[None]:
    """What is refused once is refused for good (the job may have been deleted): say so and go on."""
    try:
        yield
    except CredentialRefusedError:
        raise
    except PortalRefusedError as error:
        say(f"job {job_id}: {error}")


def run_agent(client: PortalClient, tools: JobTools, records_folder: Path, others: Sequence[Duty] = ()) -> int:
    """Run jobs, beside the `others`, until SIGTERM or SIGINT; the exit status. Call it in the main thread.

    `records_folder`: `<root>/var/lib/slipway/jobs`. One agent at a time may use it: a second ends at once.
    """
    records = Records(records_folder)
    lock = os.open(records_folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        say(f"another agent works in {records_folder}; stop it first")
        return 1
    agent = Agent(client, tools, records)
    return serve([Duty("jobs", lambda _: agent.work(), agent.shut_down), *others])


def say(message: str) -> None:
    sys.stderr.write(f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} {message}\n")
    sys.stderr.flush()
