"""Sends HTTP requests from a node and tells the answers: each from the node's own address, and from the one that the
machine chooses. In them `$credential`, `$mac`, `$token`, `$stacks` and `$portal` are the node's own."""

import http.client
import json
import os
import sys
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

# A machine takes a connection at once, however busy its programs are.
CONNECT_SECONDS, SECONDS = 6, 20
MOST_BYTES = 200_000


def words_of_the_node():
    with open(os.environ.get("SLIPWAY_NODE_ROOT", "") + "/etc/slipway/facts.json") as file:
        facts = json.load(file)
    credential = facts["portal"]["credential"]
    return {
        "$credential": credential,
        "$mac": credential.rpartition(".")[2],
        "$token": facts["signal"]["token"],
        "$stacks": facts["signal"]["endpoint"].partition("/stacks/")[0] + "/stacks",
        "$portal": facts["portal"]["url"] + "/node/v1",
    }


def send(request, source, words):
    """[status, the body's beginning], or [0, why there is no answer]."""

    def filled(text):
        for name, word in words.items():
            text = text.replace(name, word)
        return text

    url = urllib.parse.urlsplit(filled(request["url"]))
    headers = {name: filled(value) for name, value in request["headers"].items()}
    connection = http.client.HTTPConnection(url.hostname, url.port, CONNECT_SECONDS, (source, 0) if source else None)
    try:
        connection.connect()
        connection.sock.settimeout(SECONDS)
        connection.request(request["method"], url._replace(scheme="", netloc="").geturl(), request["body"], headers)
        answer = connection.getresponse()
        return [answer.status, answer.read(MOST_BYTES).decode("latin-1")]
    except (OSError, http.client.HTTPException) as error:
        return [0, f"{type(error).__name__}: {error}"]
    finally:
        connection.close()


def ask(requests, source, words, enter=None):
    """The answers by name. All are asked side by side, as each may never come; `enter` begins each thread."""
    with ThreadPoolExecutor(len(requests), initializer=enter) as pool:
        answers = pool.map(lambda request: send(request, source, words), requests.values())
        return dict(zip(requests, answers, strict=True))


def main():
    words, requests = words_of_the_node(), json.loads(sys.argv[1])["requests"]
    answers = ask(requests, os.environ["SPARK_LOCAL_IP"], words)
    for name, answer in ask(requests, "", words).items():
        answers[name + ", from any address"] = answer
    print(f"\nTOLD {json.dumps(answers)}")


if __name__ == "__main__":
    main()
