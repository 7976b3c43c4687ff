"""The way of a click, as a browser without JavaScript goes it, and the stream that one with JavaScript reads."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from cli.slipway_client import Client
from cloudinit import frameworks
from launcher.testing import Embedded


class Browser(requests.Session):
    """Forms are sent as they came, with what is changed."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.trust_env = False

    def see(self, path: str) -> str:
        page = self.get(self.url + path, timeout=30)
        page.raise_for_status()
        return page.text

    def press(self, page: str, action: str, files: dict[str, Path] | None = None, **changes: str) -> requests.Response:
        form = next(
            form
            for form in re.findall(r"<form.*?</form>", page, re.DOTALL)
            if f'action="{action}"' in form or not action
        )
        values = {name: value for name, value in map(_input, re.findall(r"<input[^>]*>", form)) if name}
        values |= {
            name: _selected(body)
            for name, body in re.findall(r'<select name="(\w+)".*?>(.*?)</select>', form, re.DOTALL)
        }
        opened = {name: path.open("rb") for name, path in (files or {}).items()}
        answer = self.post(self.url + (action or "/log-in"), {**values, **changes}, files=opened, timeout=60)
        answer.raise_for_status()
        return answer


def _input(tag: str) -> tuple[str, str]:
    found = dict(re.findall(r'(\w+)="([^"]*)"', tag))
    return ("" if found.get("type") == "file" else found.get("name", "")), found.get("value", "")


def _selected(body: str) -> str:
    chosen = re.search(r'<option value="([^"]*)" selected', body) or re.search(r'<option value="([^"]*)"', body)
    assert chosen
    return chosen[1]


@pytest.fixture(scope="module")
def browser(house: Embedded) -> Browser:
    browser = Browser(house.url)
    answer = browser.press(browser.see("/log-in"), "", username="student2", password=house.logins["student2"])
    assert "Create your cluster" in answer.text
    return browser


@pytest.fixture(scope="module")
def page(browser: Browser, person: Callable[[str], Client]) -> Iterator[str]:
    """The address of a cluster's page, after one press on Create."""
    answer = browser.press(browser.see("/"), "/clusters/create", workers="1")
    path = answer.url.removeprefix(browser.url)
    yield path
    client, cluster_id = person("student2"), path.rsplit("/", 1)[-1]
    client.delete_cluster(cluster_id)
    client.wait_for_cluster(cluster_id, 120, ends=("deleted",))


def test_one_press_leads_to_a_page_that_fills_its_bar_until_the_cluster_is_ready(browser: Browser, page: str) -> None:
    shown = []
    with browser.get(f"{browser.url}{page}/live", stream=True, timeout=60) as stream:
        for line in stream.iter_lines(decode_unicode=True):
            shown.append(line)
            if "Your cluster is ready" in line or "could not" in line:
                break
    text = "\n".join(shown)
    assert "Your cluster is ready" in text, text[-3000:]
    steps = frameworks.manifest("spark").step_count(1)
    counts = [int(count) for count in re.findall(rf"(\d+) of {steps} steps", text)]
    assert counts == sorted(counts)
    assert len(set(counts)) > 2  # on a busy machine several steps come with one push


def test_a_job_is_sent_and_read_by_pages_alone(browser: Browser, page: str, tmp_path: Path) -> None:
    program = tmp_path / "hello.py"
    program.write_text("import sys; print('hello', sys.argv[1:])")
    sent = browser.press(browser.see(page), f"{page}/jobs", {"application": program}, arguments="one\r\ntwo words\r\n")
    path = sent.url.removeprefix(browser.url)
    with browser.get(f"{browser.url}{path}/live", stream=True, timeout=60) as stream:
        for line in stream.iter_lines(decode_unicode=True):
            if "Succeeded" in line or "Failed" in line:
                break
    job = browser.see(path)
    assert "Succeeded" in job
    assert "hello [&#x27;one&#x27;, &#x27;two words&#x27;]" in job


def test_somebody_elses_page_is_not_there(house: Embedded, page: str) -> None:
    other = Browser(house.url)
    other.press(other.see("/log-in"), "", username="outsider", password=house.logins["outsider"])
    assert other.get(other.url + page, timeout=30).status_code == 404
    assert other.get(f"{other.url}{page}/live", timeout=30).status_code == 404


def test_an_upload_that_is_too_large_is_refused_at_the_door(house: Embedded) -> None:
    connection = http.client.HTTPConnection(house.url.removeprefix("http://"), timeout=30)
    connection.putrequest("POST", "/api/v1/auth/tokens")
    connection.putheader("Content-Type", "multipart/form-data; boundary=x")
    connection.putheader("Content-Length", str(10**12))
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 413
    assert json.loads(answer.read())["next"]


def test_open_pages_keep_no_connection_to_the_database(house: Embedded, browser: Browser, page: str) -> None:
    count = "select count(*) from pg_stat_activity where datname = 'portal'"
    code = f"from django.db import connection as c; k = c.cursor(); k.execute({count!r}); print(k.fetchone()[0])"

    def connections() -> int:
        return int(house.slipway("manage", "shell", "-v0", "-c", code).stdout)

    before = connections()
    with contextlib.ExitStack() as opened:
        for _ in range(12):
            stream = browser.get(f"{browser.url}{page}/live", stream=True, timeout=60)
            opened.callback(stream.close)
            next(stream.iter_lines())
        assert connections() < before + 6


def test_delete_by_the_page(browser: Browser, page: str) -> None:
    answer = browser.press(browser.see(page), f"{page}/delete")
    assert "Deleting" in answer.text
