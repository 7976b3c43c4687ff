"""What a job gets of the cloud's own services: metadata of servers, the APIs with a node's token, inner ports."""

from __future__ import annotations

import base64
import json
import subprocess
import uuid

import pytest

from tests.attacks.site import Answer, Request, Site
from tests.onebox.attacks.place import group_of, scratch_share_of
from tests.onebox.attacks.servers import Server, servers_of
from tests.onebox.cloud import LARGE, Cloud

METADATA = "http://169.254.169.254"
DOCUMENTS = (
    *("/latest/user-data", "/latest/meta-data/", "/openstack/latest/user_data", "/openstack/latest/meta_data.json"),
    "/openstack/latest/network_data.json",
)
TOKEN = {"X-Auth-Token": "$token", "Content-Type": "application/json"}
ANYBODY = {"access_type": "ip", "access_to": "10.99.0.0/24", "access_level": "rw"}
# They listen on this machine's loopback, and ask for a password or for nothing.
INNER_PORTS = {"MariaDB": 3306, "RabbitMQ": 5672, "its own": 25672, "epmd": 4369, "memcached": 11211}


@pytest.fixture(scope="module")
def victims(cloud: Cloud, site: Site) -> dict[str, Server]:
    return servers_of(cloud, site.victim)


@pytest.fixture(scope="module")
def attackers(cloud: Cloud, site: Site) -> dict[str, Server]:
    return servers_of(cloud, site.attacker)


def forged(cloud: Cloud, site: Site, victim: Server) -> dict[str, dict[str, str]]:
    """Headers by which Neutron's proxy and Nova tell whose metadata is asked for."""
    address = site.victim.address("master")
    project = str(cloud.connect().compute.get_server(victim.id).project_id)
    whose = {"X-Instance-ID": victim.id, "X-Tenant-ID": project}
    return {
        "an address": {"X-Forwarded-For": address, "X-Real-IP": address, "Forwarded": f"for={address}"},
        "an id": whose,
        "an id with a sum": {**whose, "X-Instance-ID-Signature": "0" * 64},
        "an id, of an address": {**whose, "X-Instance-ID-Signature": "0" * 64, "X-Forwarded-For": address},
    }


def test_a_job_reads_the_metadata_of_its_own_server_and_of_no_other(
    cloud: Cloud, site: Site, victims: dict[str, Server]
) -> None:
    """Its own user-data too, as docs/security.md says: the facts of its own cluster, which its user may read anyway."""
    ways = {"none": {}, **forged(cloud, site, victims["master"])}
    places = {"the proxy": METADATA, "Nova": f"http://{cloud.address}:8775"}
    requests = {
        f"{path} of {place} with {way}": Request(f"{base}{path}", headers=headers)
        for place, base in places.items()
        for way, headers in ways.items()
        for path in DOCUMENTS
    }
    answers = site.ask(requests)
    own = answers["/latest/user-data of the proxy with none"]
    assert (own.status, site.attacker.id in own.body) == (200, True)
    theirs = (*site.secrets, site.victim.id, *(server.id for server in victims.values()))
    assert [name for name, answer in answers.items() if any(word in answer.body for word in theirs)] == []
    assert {answer.status for name, answer in answers.items() if "of Nova" in name} <= {400, 403, 404}


def requests_to_the_cloud(cloud: Cloud, ids: dict[str, str]) -> dict[str, Request]:
    nova, neutron = f"http://{cloud.address}:8774/v2.1", f"http://{cloud.address}:9696/v2.0"
    manila = f"http://{cloud.address}:8786/v2"
    newer = {**TOKEN, "X-OpenStack-Manila-API-Version": "2.60"}
    found = {
        "the servers": Request(f"{nova}/servers/detail", headers=TOKEN),
        "all servers": Request(f"{nova}/servers/detail?all_tenants=1", headers=TOKEN),
        "the ports": Request(f"{neutron}/ports", headers=TOKEN),
        "the groups": Request(f"{neutron}/security-groups", headers=TOKEN),
        "the shares": Request(f"{manila}/shares/detail", headers=newer),
        "all shares": Request(f"{manila}/shares/detail?all_tenants=1", headers=newer),
        "the share": Request(f"{manila}/shares/{ids['share']}", headers=newer),
        "where the share is": Request(f"{manila}/shares/{ids['share']}/export_locations", headers=newer),
        "a way into the share": action(f"{manila}/shares/{ids['share']}", newer, allow_access=ANYBODY),
        "a hole in the group": Request(
            f"{neutron}/security-group-rules",
            "POST",
            json.dumps({"security_group_rule": {"security_group_id": ids["group"], "direction": "ingress"}}),
            TOKEN,
        ),
    }
    for whose in ("own", "theirs"):
        server, port = f"{nova}/servers/{ids[f'{whose} server']}", f"{neutron}/ports/{ids[f'{whose} port']}"
        found |= {
            f"{whose}: the server": Request(server, headers=TOKEN),
            f"{whose}: its console": action(server, TOKEN, **{"os-getConsoleOutput": {}}),
            f"{whose}: its end": Request(server, "DELETE", headers=TOKEN),
            f"{whose}: its stop": action(server, TOKEN, **{"os-stop": None}),
            f"{whose}: its port": Request(port, headers=TOKEN),
            f"{whose}: any address": Request(
                port, "PUT", json.dumps({"port": {"port_security_enabled": False, "security_groups": []}}), TOKEN
            ),
        }
    return found


def action(url: str, headers: dict[str, str], **body: object) -> Request:
    return Request(f"{url}/action", "POST", json.dumps(body), headers)


@pytest.fixture(scope="module")
def ids(cloud: Cloud, site: Site, attackers: dict[str, Server], victims: dict[str, Server]) -> dict[str, str]:
    network = cloud.connect().network
    found = {"share": str(scratch_share_of(cloud, site.victim).id), "group": str(group_of(cloud, site.victim).id)}
    for whose, servers in (("own", attackers), ("theirs", victims)):
        (port,) = network.ports(device_id=servers["worker-01"].id)
        found |= {f"{whose} server": servers["worker-01"].id, f"{whose} port": str(port.id)}
    return found


@pytest.fixture(scope="module")
def answers(cloud: Cloud, site: Site, ids: dict[str, str]) -> dict[str, Answer]:
    return site.ask(requests_to_the_cloud(cloud, ids))


def test_a_nodes_token_opens_no_server_port_group_or_share(
    site: Site, ids: dict[str, str], answers: dict[str, Answer]
) -> None:
    lists = {
        name: answer for name, answer in answers.items() if name.startswith(("the ", "all ")) and answer.status == 200
    }
    assert [name for name, answer in lists.items() if any(one in answer.body for one in ids.values())] == []
    let_in = {
        name: answer for name, answer in answers.items() if name not in lists and answer.status not in (401, 403, 404)
    }
    assert let_in == {}
    assert site.is_whole()
    assert site.attacker.person.cluster(site.attacker.id)["status"] == "ready"


def test_where_policies_are_of_old_a_nodes_token_may_ask_nova_for_servers(cloud: Cloud, site: Site) -> None:
    """Of Heat's own project, whatever the course's limits are. docs/security.md says so, and what closes it. Nova looks
    at its policies before it looks for the image, which is none."""
    flavor = cloud.connect().compute.find_flavor(LARGE).id
    wish = {"name": "stolen", "imageRef": str(uuid.uuid4()), "flavorRef": flavor}
    servers = f"http://{cloud.address}:8774/v2.1/servers"
    answer = site.ask({"it": Request(servers, "POST", json.dumps({"server": wish}), TOKEN)})["it"]
    assert (answer.status, "Can not find requested image" in answer.body) == (400, True)


def test_a_job_reaches_no_inner_port_of_the_cloud(cloud: Cloud, site: Site) -> None:
    requests = {name: Request(f"http://{cloud.address}:{port}/") for name, port in INNER_PORTS.items()}
    assert {answer.error for answer in site.ask(requests).values()} == {"ConnectionRefusedError"}
    listening = subprocess.run(["ss", "-Htln"], check=True, capture_output=True, text=True).stdout
    assert [name for name, port in INNER_PORTS.items() if f"127.0.0.1:{port} " not in listening] == []


def processes_seen(site: Site, *words: str) -> list[str]:
    """By a job on the attacker's cluster: those that have one of the words in their command line or environment."""
    hidden = [base64.b64encode(word.encode()).decode() for word in words]
    found: list[str] = site.attacker.run("looking.py", files={}, sockets={}, words=hidden, through=[])["processes"]
    return found


def test_a_job_sees_no_process_of_the_machine(site: Site) -> None:
    assert processes_seen(site, "nova-compute", "libvirtd", "mariadbd", "celery") == []
    assert processes_seen(site, "slipway.address")  # its own server's


def test_not_even_root_of_a_server_mounts_a_folder_of_another_cluster(
    site: Site, attackers: dict[str, Server], victims: dict[str, Server]
) -> None:
    command = ("unshare", "--mount", "mount", "-t", "nfs", site.export, "/mnt")
    own = victims["worker-01"].as_root(*command)
    assert own.returncode == 0, own.stderr
    assert attackers["master"].as_root(*command).returncode != 0
    # What mounts goes by this program here, and does not tell its words.
    server, _, folder = site.export.partition(":")
    assert "access denied by server" in attackers["master"].as_root("/usr/lib/share-connect", server, folder).stderr
