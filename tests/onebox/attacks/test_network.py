"""Which doors Neutron leaves open, and to whom: the security group's half of what keeps strangers out."""

from __future__ import annotations

from cloudinit.frameworks.spark.manifest import MANIFEST
from tests.attacks.site import Request, Site

# Of SSH, a driver's pages, Spark's server for programs, and HDFS's RPC as it once was.
MORE_PORTS = (22, 4040, 6066, 9000)
PORTS = sorted({port.number for port in MANIFEST.ports} | {*MORE_PORTS})


def doors(site: Site) -> dict[str, Request]:
    nodes = ("master", "worker-01")
    return {
        f"{node}:{port}": Request(f"http://{site.victim.address(node)}:{port}/") for node in nodes for port in PORTS
    }


def test_no_door_answers_a_machine_that_is_no_server(site: Site) -> None:
    answers = site.outside.ask(doors(site))
    assert {name: answer for name, answer in answers.items() if answer.error != "TimeoutError"} == {}


def test_the_gateway_comes_to_the_pages_and_to_no_other_door(site: Site) -> None:
    """All machines are of one security group: it comes to the pages' ports of a worker too, where nobody listens."""
    answers = site.gateway.ask(doors(site))
    pages = {f"{page.role}:{page.port}" for page in MANIFEST.pages}
    assert {name for name, answer in answers.items() if answer.status} == pages
    closed = {name for name, answer in answers.items() if answer.error == "ConnectionRefusedError"}
    assert closed == {f"worker-01:{page.port}" for page in MANIFEST.pages}
    assert {answer.error for name, answer in answers.items() if name not in pages | closed} == {"TimeoutError"}


def test_the_namenode_takes_the_gateway_for_a_machine_of_the_cluster(site: Site) -> None:
    """HDFS's pages are made from WebHDFS's lists, so who is root on the portal's machine may ask for them as anybody.
    docs/security.md says so. What a file holds is the datanodes' to give, and they give nothing over HTTP."""
    files = f"http://{site.victim.address('master')}:9870/webhdfs/v1"
    asked = {
        "list": Request(f"{files}/jobs?op=LISTSTATUS&user.name=hdfs"),
        "words": Request(f"{files}{site.told['path']}?op=OPEN&user.name=slipway&noredirect=true"),
    }
    answers = site.gateway.ask(asked)
    assert {name: answer.status for name, answer in answers.items()} == {"list": 200, "words": 200}
    assert site.job in answers["list"].body
    assert ":9864/" in answers["words"].body
    assert site.words not in answers["words"].body
