"""docs/cli.md, from the commands themselves: `python -m cli.slipway_client.reference > docs/cli.md`."""

from __future__ import annotations

from collections.abc import Iterator

import click

from .commands.completion import PROGRAM
from .exits import MEANINGS
from .main import root

HEAD = """\
# The command line

Made by `./slipway tool python -m cli.slipway_client.reference > docs/cli.md` from `cli/slipway_client`. In a checkout
it is `./slipway VERB`; elsewhere `pip install ./cli` gives the command `slipway`.

**Which portal, and as whom.** `slipway login` asks for name and password and keeps a token, for its owner alone (0600),
in `~/.config/slipway/logins.json` (or below `XDG_CONFIG_HOME`). `SLIPWAY_URL` and `SLIPWAY_TOKEN` go before the file; a
token of the file goes only to the portal that gave it. In a checkout whose own portal is up, that one is meant where
nobody says another.

**For scripts.** Every command has `--json`: lists are arrays, things are objects, in the shape of the API (`/api/v1`).
What waits (`watch`, `--wait`, `--follow`) prints one JSON object a line, and what ended last. What went wrong stands on
the standard error, with `--json` as the API's problem (`title`, `status`, `detail`, `next`, `errors`). Where nobody is
there to ask, what deletes needs `--yes`.

**What is repeated.** While the portal restarts or has too much to do, calls are repeated for up to 10 seconds. What
makes or changes something carries an `Idempotency-Key`, so it is done once however often it is sent; a log-in is sent
once.

| exit status | meaning |
|---|---|
"""


def reference() -> str:
    exits = "".join(f"| {int(code)} | {meaning} |\n" for code, meaning in MEANINGS.items())
    return HEAD + exits + "".join(_described(root, (PROGRAM,)))


def _described(command: click.Command, names: tuple[str, ...]) -> Iterator[str]:
    with click.Context(command, info_name=" ".join(names)) as context:
        if isinstance(command, click.Group):
            if len(names) > 1:
                yield f"\n## {' '.join(names)}\n\n{_text(command)}\n"
            for name in command.list_commands(context):
                inner = command.get_command(context, name)
                assert inner is not None
                yield from _described(inner, (*names, name))
        else:
            head = f"{'#' * min(len(names), 3)} {' '.join(names)}"
            yield f"\n{head}\n\n```\n{context.get_usage()}\n```\n{_text(command)}\n"
            yield _options(command, context)


def _text(command: click.Command) -> str:
    return "\n".join(line.strip() for line in (command.help or "").splitlines()).strip()


def _options(command: click.Command, context: click.Context) -> str:
    options = [part for part in command.params if isinstance(part, click.Option)]
    records = [found for part in options if (found := part.get_help_record(context))]
    told = [f"| `{name}` | {text} |\n" for name, text in records if not name.startswith(("--json", "--help"))]
    return "\n| option | |\n|---|---|\n" + "".join(told) if told else ""


if __name__ == "__main__":
    print(reference(), end="")
