"""HDFS's doors: RPC, the port that gives out blocks, and the web servers of the namenode and the datanodes."""

from __future__ import annotations

import pytest

from tests.attacks.site import Answer, Json, Request, Site

USERS = ("slipway", "hdfs")


def requests(site: Site) -> dict[str, Request]:
    name, data, path = site.victim.address("master"), site.victim.address("worker-01"), site.told["path"]
    web, datanode = f"http://{name}:9870", f"http://{data}:9864"
    where = f"namenoderpcaddress={site.victim.host('master')}:8020&offset=0"
    found = {
        "the namespace": Request(f"{web}/imagetransfer?getimage=1&txid=latest"),
        "the journal": Request(f"{web}/imagetransfer?getedit=1&startTxId=1&endTxId=9"),
        "the page": Request(f"{web}/dfshealth.html"),
        "the figures": Request(f"{web}/jmx"),
        "the configuration": Request(f"{web}/conf"),
        "the logs": Request(f"{web}/logs/"),
    }
    for user in USERS:
        found |= {
            f"a list as {user}": Request(f"{web}/webhdfs/v1/?op=LISTSTATUS&user.name={user}"),
            f"the words as {user}": Request(f"{web}/webhdfs/v1{path}?op=OPEN&user.name={user}"),
            f"a delete as {user}": Request(f"{web}/webhdfs/v1{path}?op=DELETE&user.name={user}", "DELETE"),
            f"a write as {user}": Request(f"{web}/webhdfs/v1/stolen?op=CREATE&user.name={user}", "PUT"),
            f"a token as {user}": Request(f"{web}/webhdfs/v1/?op=GETDELEGATIONTOKEN&user.name={user}"),
            f"fsck as {user}": Request(f"{web}/fsck?ugi={user}&path=%2F&files=1&blocks=1"),
            f"the words of the datanode as {user}": Request(
                f"{datanode}/webhdfs/v1{path}?op=OPEN&user.name={user}&{where}"
            ),
            f"a write to the datanode as {user}": Request(
                f"{datanode}/webhdfs/v1/stolen?op=CREATE&user.name={user}&{where}", "PUT", "x"
            ),
        }
    return found


@pytest.fixture(scope="module")
def answers(site: Site) -> dict[str, Answer]:
    from_another_cluster = site.ask(requests(site))
    from_outside = site.outside.ask(requests(site))
    return from_another_cluster | {f"{name}, from outside": answer for name, answer in from_outside.items()}


def test_the_web_servers_of_hdfs_answer_nobody_else(site: Site, answers: dict[str, Answer]) -> None:
    assert len(answers) == 3 * 22
    let_in = {name: answer for name, answer in answers.items() if not site.refuses(answer)}
    assert let_in == {}
    assert not [name for name, answer in answers.items() if site.words in answer.body]


def test_whoever_takes_an_address_of_the_cluster_is_taken_for_its_machine(site: Site) -> None:
    """So it is where all stand on one machine, and docs/security.md says so; in a cloud the network keeps addresses."""
    path = site.told["path"]
    read = Request(f"http://{site.victim.address('master')}:9870/webhdfs/v1{path}?op=GETFILESTATUS&user.name=slipway")
    answer = site.impostor.ask({"read": read})["read"]
    assert answer.status == (200 if site.any_address else 0)


@pytest.fixture(scope="module")
def told(site: Site) -> Json:
    found: Json = site.attacker.run(
        "hdfs.py", master=site.victim.address("master"), worker=site.victim.address("worker-01"), told=site.told
    )
    return found


def test_the_client_of_the_attack_gets_into_its_own_cluster(told: Json) -> None:
    assert told["own"]["list as slipway from own"][0], told["own"]


def test_rpc_answers_nobody_else_whoever_they_say_they_are(site: Site, told: Json) -> None:
    assert len(told["theirs"]) == 9
    assert not [what for what, (done, _) in told["theirs"].items() if done]
    refusal = "not authorized" if site.strangers_arrive else "socket timeout"
    assert all(refusal in said for _, said in told["theirs"].values()), told["theirs"]


def test_a_datanode_gives_a_block_to_nobody_who_shows_no_key(site: Site, told: Json) -> None:
    opened, given = told["block"]
    assert opened is site.strangers_arrive
    assert site.words not in given


def test_the_old_port_of_rpc_is_closed(site: Site) -> None:
    nothing = site.outside.ask({"rpc": Request(f"http://{site.victim.address('master')}:9000/")})["rpc"]
    assert nothing.error == site.where_nobody_listens
