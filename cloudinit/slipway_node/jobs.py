"""Runs one job: its files to HDFS, its command, its log, and its output back to this node."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from .folder_tool import LOCALE, FolderTool, FolderToolError
from .job_log import JobLog, LogSender
from .job_process import JobStoppedError, Stop, end_processes, run_process
from .job_records import OutputFile, Result
from .portal import Backoff, PortalClient, PortalError, PortalUnavailableError

DOWNLOAD_SECONDS = 120.0
LONGEST_NAME_BYTES = 255
LONGEST_PATH = 4096
SOURCE_FOLDERS = ("application", "input", "work")
DIRECTORY_VARIABLE = "SLIPWAY_JOB_DIR"
ORDER = {"id": str, "application": str, "arguments": list, "files": list, "output_limit": int}

KILLED = 128 + signal.SIGKILL
NO_MEMORY = (
    "137 says that a process was killed, most often for want of memory on its machine: "
    "work on less data at a time, or take a larger flavor."
)

ArgvAndEnvironment = tuple[list[str], dict[str, str]]


class JobError(Exception):
    """The job cannot be run on; the message is the reason in plain words."""


@dataclass(frozen=True)
class JobTools:
    """What the node's framework gives. Each command is argv and the environment to add to this process's own.

    `job_command(application, arguments, directory_uri)` runs the job.
    `folder_tool` moves a job's files between this node and the cluster's file system.
    `directory_uri(job_id)` is the job's directory in the cluster's file system, without a slash at its end.
    """

    job_command: Callable[[Path, list[str], str], ArgvAndEnvironment]
    folder_tool: FolderTool
    directory_uri: Callable[[str], str]


@dataclass(frozen=True)
class Job:
    """What the portal wants to be run; limits in bytes."""

    id: str
    application: str
    arguments: tuple[str, ...]
    files: tuple[str, ...]
    output_limit: int


def parse_job(body: Mapping[str, Any]) -> Job:
    """A command's `job`, checked. JobError names what is wrong."""
    for key, kind in ORDER.items():
        if not isinstance(body.get(key), kind):
            raise JobError(f"The portal's order for the job has no usable {key!r}.")
    try:
        uuid.UUID(body["id"])
    except ValueError as error:
        raise JobError(f"The job's id {body['id']!r} is no UUID.") from error
    arguments, files = body["arguments"], body["files"]
    if not all(isinstance(item, str) for item in [*arguments, *files]):
        raise JobError("The job's arguments and the names of its files must be strings.")
    if any("\0" in argument for argument in arguments):
        raise JobError("An argument of the job holds a NUL character, which no command can be given.")
    _check_names([body["application"]])
    _check_names(files)
    return Job(body["id"], body["application"], tuple(arguments), tuple(files), body["output_limit"])


def _check_names(names: list[str]) -> None:
    for name in names:
        if problem := name_problem(name):
            raise JobError(f"The file name {name!r} cannot be used: {problem}. Rename the file and submit again.")
    if len(set(names)) != len(names):
        raise JobError("Two of the job's files have the same name. Rename one of them and submit again.")


def name_problem(name: str) -> str:
    """Why this cannot be a file's name, on the node and in HDFS; empty where it can."""
    if name in ("", ".", ".."):
        return "it is not the name of a file"
    if "/" in name:
        return "it holds a slash"
    if ":" in name:
        return "it holds a colon, which HDFS does not take"
    if any(letter < " " or letter == "\x7f" for letter in name):
        return "it holds a control character"
    try:
        size = len(name.encode("utf-8"))
    except UnicodeEncodeError:
        return "it is not valid Unicode"
    return f"it is longer than {LONGEST_NAME_BYTES} bytes" if size > LONGEST_NAME_BYTES else ""


def run_job(job: Job, folder: Path, client: PortalClient, tools: JobTools, stop: Stop) -> Result:
    """Run the job in `folder`, its own and empty. Whatever goes wrong is told in the result, never raised.

    Afterwards `folder` has the log (`log`), of which the portal may not have all yet, and the copied output
    (`output/`). `stop` ends the job; its reason goes into the result.
    """
    exit_code: int | None = None
    try:
        tools.folder_tool.start()  # while the files come
        application = _fetch(job, folder, client, stop)
        uri = tools.directory_uri(job.id)
        _copy(tools, ["put", str(folder / "input"), f"{uri}/input"], stop, "taken to HDFS")
        exit_code = _run(job, application, folder, client, tools, stop)
        arguments = ["get", f"{uri}/output", str(folder / "output"), str(max(0, job.output_limit))]
        output, left_out = parse_listing(_copy(tools, arguments, stop, "fetched from HDFS"))
    except (JobError, JobStoppedError) as error:
        return Result(_shown(exit_code), _join(_ending(exit_code), str(error)))
    except OSError as error:
        return Result(_shown(exit_code), _join(_ending(exit_code), f"The node could not handle the job: {error}"))
    finally:
        for name in SOURCE_FOLDERS:  # what comes next, the result above all, needs the room
            shutil.rmtree(folder / name, ignore_errors=True)
    if left_out:  # in the log, since a reason in the result would say that the job failed
        _add_to_log(folder, f"{left_out} more files of the output are not listed: too many, or names too strange")
    return Result(_shown(exit_code), _ending(exit_code), tuple(output))


def parse_listing(lines: Iterable[bytes]) -> tuple[list[OutputFile], int]:
    """JobFolder's lines: the files, and how many more there are. JobError where they are not its own.

    Paths with control characters, or too long, count among the others: no page could show them.
    """
    files, left_out = [], 0
    for line in lines:
        try:
            entry = json.loads(line)
            if "left_out" in entry:
                left_out += int(entry["left_out"])
            elif not entry["path"].isprintable() or len(entry["path"]) > LONGEST_PATH:
                left_out += 1
            else:
                files.append(OutputFile(entry["path"], int(entry["size"]), bool(entry["copied"])))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise JobError("The list of the job's output could not be read.") from error
    return files, left_out


def _fetch(job: Job, folder: Path, client: PortalClient, stop: Stop) -> Path:
    for name in (*SOURCE_FOLDERS, "output"):
        (folder / name).mkdir()
    application = folder / "application" / job.application
    _download(job.application, stop, partial(client.download_application, job.id, application))
    for number, name in enumerate(job.files):
        target = folder / "input" / name
        _download(name, stop, partial(client.download_file, job.id, number, target))
    return application


def _download(name: str, stop: Stop, download: Callable[[], int]) -> None:
    deadline = time.monotonic() + DOWNLOAD_SECONDS
    backoff = Backoff()
    while True:
        stop.check()
        try:
            download()
            return
        except PortalUnavailableError as error:
            if time.monotonic() > deadline:
                raise JobError(f"The file {name!r} could not be fetched from the portal: {error}") from error
            stop.wait(backoff.pause())
        except PortalError as error:
            raise JobError(f"The file {name!r} could not be fetched from the portal: {error}") from error


def _run(job: Job, application: Path, folder: Path, client: PortalClient, tools: JobTools, stop: Stop) -> int:
    uri = tools.directory_uri(job.id)
    argv, additions = tools.job_command(application, list(job.arguments), uri)
    environment = {**os.environ, **LOCALE, **additions, DIRECTORY_VARIABLE: uri}
    log = JobLog(folder / "log")
    sender = LogSender(client, job.id, log)
    try:
        return run_process(argv, environment, folder / "work", log.write, stop)
    except OSError as error:
        raise JobError(f"The job's command could not be started: {error}") from error
    finally:
        end_processes(DIRECTORY_VARIABLE, uri)
        log.close()
        sender.close()


def _copy(tools: JobTools, words: list[str], stop: Stop, what: str) -> list[bytes]:
    """One call of JobFolder; what it lists."""
    try:
        return tools.folder_tool.copy(words, stop)
    except (FolderToolError, OSError) as error:
        raise JobError(f"The job's files could not be {what}: {error}") from error


def _add_to_log(folder: Path, notice: str) -> None:
    with contextlib.suppress(OSError), (folder / "log").open("ab") as log:
        log.write(f"\n[{notice}]\n".encode())


def _shown(exit_code: int | None) -> int | None:
    """A shell's way: 128 + N for a process that signal N ended."""
    return 128 - exit_code if exit_code is not None and exit_code < 0 else exit_code


def _ending(exit_code: int | None) -> str:
    # spark-submit hands on how the program ended that it had started.
    advice = NO_MEMORY if _shown(exit_code) == KILLED else ""
    if exit_code is None or exit_code >= 0:
        return advice
    try:
        name = signal.Signals(-exit_code).name
    except ValueError:
        name = "a real-time signal"
    return _join(f"The job's process was ended by signal {-exit_code} ({name}).", advice)


def _join(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence)
