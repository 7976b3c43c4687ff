"""docs/cli.md and the launcher's table say what the commands are."""

from __future__ import annotations

from cli.slipway_client.main import root
from cli.slipway_client.reference import reference
from cli.slipway_client.verbs import Noun, Verb
from launcher import client
from launcher.__main__ import parser
from launcher.paths import TOP


def test_the_document_is_as_the_commands_are() -> None:
    assert (TOP / "docs" / "cli.md").read_text(encoding="utf-8") == reference(), "make it anew: its head says how"


def test_the_launcher_hands_on_just_the_verbs_that_there_are() -> None:
    assert sorted(client.VERBS) == sorted(root.commands)
    assert client.is_handed_on(["cluster", "list"], {})
    assert not client.is_handed_on(["up"], {})
    assert not client.is_handed_on([], {})
    assert client.is_handed_on([], {"_SLIPWAY_COMPLETE": "bash_complete"})


def test_a_user_of_this_machine_is_no_verb_of_the_portals() -> None:
    assert isinstance(root.commands["token"], Noun)
    assert sorted(client.SHARED["token"]) == sorted(root.commands["token"].commands)
    assert client.is_handed_on(["token", "list", "--json"], {})
    assert not client.is_handed_on(["token", "student"], {})
    assert not client.is_handed_on(["token"], {})


def test_the_launchers_help_names_them() -> None:
    told = parser().format_help()
    assert all(f"  {name} " in told for name in root.commands)


def test_every_command_has_json_and_says_what_it_does() -> None:
    nouns = [command for command in root.commands.values() if isinstance(command, Noun)]
    verbs = [command for command in root.commands.values() if command not in nouns]
    for command in [*verbs, *(inner for noun in nouns for inner in noun.commands.values())]:
        assert isinstance(command, Verb), command.name
        assert command.help, command.name
        assert "--json" in [name for part in command.params for name in part.opts], command.name
