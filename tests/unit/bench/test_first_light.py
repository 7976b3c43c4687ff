"""The steps of `up` as the bench reads them from what it prints."""

from __future__ import annotations

import io

from bench.first_light import steps
from launcher.console import Console


def test_the_steps_of_up_are_read_from_what_the_console_prints() -> None:
    out = io.StringIO()
    console = Console(out)
    console.say("Slipway: bringing up /home")
    with console.step("checks") as step:
        step.result = "14 checks"
    with console.step("environments") as step:
        step.say("making the portal's")
        step.say("which took 12.5 s")
        step.result = "a long result " * 10
    with console.step("keystone, heat and all"):
        pass
    console.say("\nReady in 3.0 s: http://127.0.0.1:8000")
    found = steps(out.getvalue())
    assert list(found) == ["checks", "environments", "keystone, heat"]
    assert all(seconds < 1 for seconds in found.values())
