"""What this node knows about its jobs: a folder for each, so that none is run twice and no result is lost."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from dataclasses import asdict, dataclass, field
from pathlib import Path

STARTED = "started"
FINISHED = "finished"
REPORTED = "reported"
DIED = "The node's agent ended while the job ran, so the job was stopped. Submit it again."


@dataclass(frozen=True)
class OutputFile:
    """A file below `output/`; `copied`: it lies on this node, `uploaded`: the portal has it."""

    path: str
    size: int
    copied: bool
    uploaded: bool = False


@dataclass(frozen=True)
class Result:
    """How a job ended. `exit_code` is None where its process never ran or was stopped."""

    exit_code: int | None
    reason: str = ""
    output: tuple[OutputFile, ...] = ()


@dataclass(frozen=True)
class Record:
    job_id: str
    command_id: str
    state: str
    result: Result = field(default_factory=lambda: Result(None, DIED))


class Records:
    """The folders `<folder>/<job id>/`, each with a `record.json`."""

    def __init__(self, folder: Path) -> None:
        """`folder` is made where it is not there."""
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def folder(self, job_id: str) -> Path:
        """Where the job's files lie. ValueError for an id that is no UUID: it becomes a path."""
        return self._folder / str(uuid.UUID(job_id))

    def find(self, job_id: str) -> Record | None:
        """None: this node has never started the job."""
        try:
            text = (self.folder(job_id) / "record.json").read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        data = json.loads(text)
        result = data["result"]
        output = tuple(OutputFile(**item) for item in result["output"])
        return Record(job_id, data["command_id"], data["state"], Result(result["exit_code"], result["reason"], output))

    def begin(self, job_id: str, command_id: str) -> Path:
        """Write down that the job starts; its folder, empty but for the record."""
        folder = self.folder(job_id)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, mode=0o700)
        self.write(Record(job_id, command_id, STARTED))
        return folder

    def write(self, record: Record) -> None:
        """Safe on the disk when this returns: a record lost in a power cut would let a job run twice."""
        folder = self.folder(record.job_id)
        temporary = folder / ".record.json"
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(asdict(record), file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(folder / "record.json")
        for each in (folder, self._folder):
            descriptor = os.open(each, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def unreported(self) -> list[Record]:
        """The jobs that were started and whose result the portal does not have."""
        records = []
        for path in sorted(self._folder.glob("*/record.json")):
            record = self.find(path.parent.name)
            if record is not None and record.state != REPORTED:
                records.append(record)
        return records

    def clear(self, job_id: str) -> None:
        """Remove all but the record: the portal has the rest."""
        for entry in self.folder(job_id).iterdir():
            if entry.is_dir():
                shutil.rmtree(entry, ignore_errors=True)
            elif entry.name != "record.json":
                entry.unlink(missing_ok=True)
