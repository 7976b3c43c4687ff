"""Completion for shells."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from ..verbs import Verb

PROGRAM = "slipway"
VARIABLE = "_SLIPWAY_COMPLETE"


@click.command(cls=Verb)
@click.argument("shell", type=click.Choice(["bash", "zsh"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what a shell needs to complete commands.

    For bash: slipway completion bash > ~/.local/share/bash-completion/completions/slipway

    For zsh: slipway completion zsh > a file _slipway in a folder of $fpath
    """
    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(context.find_root().command, {}, PROGRAM, VARIABLE).source())
