"""A job's log as it grows, and how the job ended."""

from __future__ import annotations

import time

from .calls import base
from .calls.jobs import JOB_ENDS
from .errors import UnreachableError
from .exits import Exit
from .session import Session
from .transport import Json

OVERLAP = 2000  # characters by which the later part of a log is found again in which the middle was left out


def follow_log(session: Session, job: str, seconds: float) -> int:
    """To the job's end. With JSON a line for each part, and at last the job."""
    deadline = time.monotonic() + seconds
    seen, state = "", None
    while True:
        try:
            # The job first: what it wrote before its end is then in the log.
            state = session.client.job(job)
            seen = _tell_news(session, seen, session.client.log(job))
        except UnreachableError:
            # A portal that restarts ends nothing; what was missed comes with the next look.
            if time.monotonic() > deadline:
                raise
        else:
            if state["status"] in JOB_ENDS:
                return _ended(session, state)
        if time.monotonic() > deadline:
            raise TimeoutError(f"The job has not ended after {seconds:.0f} seconds.")
        time.sleep(base.POLL_SECONDS)


def outcome(session: Session, job: Json) -> int:
    if job["status"] == "succeeded":
        return Exit.DONE
    what = "was cancelled" if job["status"] == "cancelled" else f"has {job['status']}"
    code = f" with exit code {job['exit_code']}" if job["exit_code"] is not None else ""
    session.out.say(f"The job {what}{code}. {job['reason']}".rstrip())
    return Exit.FAILED


def news(seen: str, now: str) -> str:
    """What was not shown yet. Of a long log the portal leaves out the middle, so its beginning alone says nothing."""
    if now.startswith(seen):
        return now[len(seen) :]
    end = seen[-OVERLAP:]
    at = now.rfind(end)
    return now[at + len(end) :] if at >= 0 else now


def _ended(session: Session, job: Json) -> int:
    if session.out.as_json:
        session.out.event(job)
    return outcome(session, job)


def _tell_news(session: Session, seen: str, log: str) -> str:
    if new := news(seen, log):
        session.out.event({"log": new}) if session.out.as_json else session.out.raw(new)
    return log
