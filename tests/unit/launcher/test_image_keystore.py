"""Java's store of authorities says nothing of when the image was made, and Java still reads it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from launcher.image import keystore


@pytest.fixture
def roots(tmp_path: Path) -> list[Path]:
    """Two images with the same authorities, taken in at two moments."""
    certificate, key = tmp_path / "one.pem", tmp_path / "key.pem"
    openssl = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=An authority"]
    subprocess.run([*openssl, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    made = []
    for name in ("one", "other"):
        store = tmp_path / name / keystore.PLACE
        store.parent.mkdir(parents=True)
        for alias in ("first", "second"):
            words = ["-importcert", "-noprompt", "-alias", alias, "-file", str(certificate)]
            tool(store, *words, "-storetype", "JKS")
        made.append(tmp_path / name)
    return made


def tool(store: Path, *words: str) -> str:
    command = ["keytool", *words, "-keystore", str(store), "-storepass", keystore.PASSWORD]
    english = {**os.environ, "LC_ALL": "C"}
    return subprocess.run(command, check=True, capture_output=True, text=True, env=english).stdout


def test_two_stores_of_the_same_authorities_become_the_same(roots: list[Path]) -> None:
    one, other = (root / keystore.PLACE for root in roots)
    assert one.read_bytes() != other.read_bytes()
    for root in roots:
        keystore.date_entries(root, 1_700_000_000)
    assert one.read_bytes() == other.read_bytes()
    listed = tool(one, "-list")
    assert listed.count("Nov 14, 2023") == listed.count("trustedCertEntry") == 2


def test_an_image_without_java_or_with_another_kind_of_store_stays_as_it_is(tmp_path: Path) -> None:
    keystore.date_entries(tmp_path, 1)
    store = tmp_path / keystore.PLACE
    store.parent.mkdir(parents=True)
    store.write_bytes(b"another form")
    keystore.date_entries(tmp_path, 1)
    assert store.read_bytes() == b"another form"
