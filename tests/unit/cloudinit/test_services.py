"""The supervisor's configuration, and when a service counts as failed."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from supervisor.datatypes import dict_of_key_value_pairs
from supervisor.options import UnhosedConfigParser, split_namespec

from cloudinit.frameworks.node import Program, Service
from cloudinit.slipway_node.files import last_words
from cloudinit.slipway_node.node import Node
from cloudinit.slipway_node.services import ServiceError, service_verdict, supervisor_text


def parsed(node: Node, services: list[Service], tmp_path: Path) -> UnhosedConfigParser:
    file = tmp_path / "supervisord.conf"
    file.write_text(supervisor_text(node, services))
    parser = UnhosedConfigParser()
    assert parser.read(str(file))
    return parser


def test_it_hands_commands_and_environment_to_the_supervisor_as_they_are(worker: Node, tmp_path: Path) -> None:
    command = ("/a b/java", "-Dx=100%", "it's", 'a "b"')
    environment = {"A": 'x,y="z" \\ 5%', "B": "c d", "C": "it's"}
    parser = parsed(worker, [Service("datanode", Program(command, environment))], tmp_path)
    section = f"program:{split_namespec('datanode')[1]}"
    assert shlex.split(parser.saneget(section, "command", expansions={})) == list(command)
    found = parser.saneget(section, "environment", expansions={})
    assert dict_of_key_value_pairs(found) == environment


def test_it_closes_the_supervisors_socket_to_others(worker: Node, tmp_path: Path) -> None:
    parser = parsed(worker, [], tmp_path)
    assert parser.get("unix_http_server", "chmod") == "0700"
    assert parser.get("unix_http_server", "file") == str(worker.run / "supervisor.sock")


def test_it_refuses_a_path_that_would_break_out_of_its_line(worker: Node) -> None:
    for odd in ("/srv/a\nb", "/srv/a ;b", "/srv/a #b"):
        with pytest.raises(ServiceError, match="choose a path"):
            supervisor_text(replace(worker, root=Path(odd)), [])
    with pytest.raises(ServiceError, match="both kinds of quotes"):
        supervisor_text(worker, [Service("x", Program((), {"A": "'\""}))])


@pytest.mark.parametrize(
    ("state", "starts", "words"),
    [
        ("STARTING", 1, ""),
        ("RUNNING", 2, ""),
        ("BACKOFF", 1, ""),
        ("BACKOFF", 2, "again and again"),
        ("STARTING", 3, "again and again"),
        ("FATAL", 0, "not started any more"),
        ("EXITED", 1, "has ended"),
    ],
)
def test_it_gives_a_service_a_second_try_and_no_third(state: str, starts: int, words: str) -> None:
    verdict = service_verdict(state, starts)
    assert (words in verdict) if words else verdict == ""


def test_the_last_words_of_a_log_are_causes_and_not_the_frames_between_them(tmp_path: Path) -> None:
    log = tmp_path / "namenode.log"
    frames = "\tat org.eclipse.jetty.util.IO.copy(IO.java:177)\n" * 100 + "\t... 7 more\n"
    log.write_text(f"ERROR Failed to start namenode.\nCaused by: No space left on device\n{frames}INFO Exiting\n")
    assert last_words(log, 1200) == "ERROR Failed to start namenode.\nCaused by: No space left on device\nINFO Exiting"
    log.write_text("x" * 5000)
    assert len(last_words(log, 1200)) == 1200
