"""One small server that calls the portal back, and is deleted again: do servers reach the portal, and Heat?"""

from __future__ import annotations

import json
import secrets
import time
from typing import Any

from portal.cloud import stacks
from portal.cloud.findings import Probe
from portal.cloud.sessions import CloudRefused, CloudUnavailable

LONGEST_BOOT = 300  # seconds; of the server, to its word
LONGEST_END = 180  # seconds; of the stack, once its delete was asked for
LATEST_START = 60  # seconds in which Heat may still make the stack where its answer was lost
PAUSE = 2  # seconds between two looks; Heat tells nobody by itself
CONDITION = "told"
# Any answer of the portal's is one. What went wrong is told to Heat, whose word comes here.
PROGRAM = """
import json, sys, time, urllib.error, urllib.request

url, endpoint, token = sys.argv[1:]


def call(address, data=None, headers={}):
    urllib.request.urlopen(urllib.request.Request(address, data, headers), timeout=20).close()


trouble = ""
try:
    call(url)
except urllib.error.HTTPError:
    pass
except Exception as error:
    trouble = f"the server does not reach {url}: {error}"
word = {"status": "FAILURE" if trouble else "SUCCESS", "reason": trouble, "id": "probe", "data": ""}
for _ in range(5):
    try:
        call(endpoint, json.dumps(word).encode(), {"Content-Type": "application/json", "X-Auth-Token": token})
        break
    except Exception as error:
        print(error)
        time.sleep(5)
"""


def probe(project_id: str, network: str, flavor: str, image: str, url: str) -> Probe:
    """What came of it; nothing stays behind. Raises CloudUnavailable where the cloud goes away in the middle."""
    name = f"slipway-probe-{secrets.token_hex(4)}"
    began, answered = time.monotonic(), True
    try:
        try:
            stacks.create(project_id, name, template(network, flavor, image, url), {}, LONGEST_BOOT // 60 + 5)
        except CloudUnavailable:
            answered = False
            raise
        trouble = _outcome(project_id, name)
    except CloudRefused as error:
        trouble = f"Heat refuses: {error}"
    finally:
        seconds = time.monotonic() - began
        left = _delete(project_id, name, 0 if answered else LATEST_START)
    return Probe(seconds, trouble or left)


def template(network: str, flavor: str, image: str, url: str) -> str:
    command = ["/usr/bin/python3", "-c", PROGRAM, url, "$endpoint", "$token"]
    resources = {
        "handle": {"type": "OS::Heat::WaitConditionHandle"},
        "port": {"type": "OS::Neutron::Port", "properties": {"network": network}},
        "server": {
            "type": "OS::Nova::Server",
            "properties": {
                "flavor": flavor,
                "image": image,
                "networks": [{"port": {"get_resource": "port"}}],
                "user_data_format": "RAW",
                "user_data": {
                    "str_replace": {
                        "template": "#cloud-config\n" + json.dumps({"runcmd": [command]}),
                        "params": {
                            "$endpoint": {"get_attr": ["handle", "endpoint"]},
                            "$token": {"get_attr": ["handle", "token"]},
                        },
                    }
                },
            },
        },
        CONDITION: {
            "type": "OS::Heat::WaitCondition",
            "depends_on": "server",
            "properties": {"handle": {"get_resource": "handle"}, "timeout": LONGEST_BOOT},
        },
    }
    return json.dumps({"heat_template_version": "2016-10-14", "resources": resources})


def _outcome(project_id: str, name: str) -> str:
    """Empty when the server told that it reached the portal; else what came instead."""
    end = time.monotonic() + LONGEST_BOOT + 60
    while time.monotonic() < end:
        stack = stacks.list_stacks(project_id).get(name)
        if stack and stack.status == "COMPLETE":
            return ""
        failed = stacks.failed_resources(project_id, stack.id) if stack else []
        if failed:
            return _words(failed[0])
        time.sleep(PAUSE)
    return f"no word came from the server within {LONGEST_BOOT} s"


def _words(reason: str) -> str:
    """The server's own words where it had any; Heat puts its own before them."""
    if "imed out" in reason or "received" in reason:
        return f"no word came within {LONGEST_BOOT} s: the server did not start, or reaches neither the portal nor Heat"
    return reason.partition(f"resources.{CONDITION}: ")[2] or reason.partition(": ")[2] or reason


def _delete(project_id: str, name: str, latest_start: float) -> str:
    """Empty when nothing is left; else what is to be looked at. Within `latest_start` seconds it may still turn up."""
    now = time.monotonic()
    end, settled = now + LONGEST_END, now + latest_start
    asked = False
    while time.monotonic() < end:
        try:
            stack: Any = stacks.list_stacks(project_id).get(name)
            if stack is None and (asked or time.monotonic() >= settled):
                return ""
            if stack and (not asked or stack.status == "FAILED"):
                stacks.delete(project_id, stack.id)
                asked = True
        except (CloudUnavailable, CloudRefused):
            pass  # asked again below
        time.sleep(PAUSE)
    return f"the stack {name} could not be deleted within {LONGEST_END} s: delete it"
