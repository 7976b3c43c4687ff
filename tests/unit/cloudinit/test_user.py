"""As whom a node runs."""

from __future__ import annotations

import os
import pwd

import pytest

from cloudinit.slipway_node import user
from cloudinit.slipway_node.errors import StepError


def test_root_boots_no_node_without_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(name: str) -> pwd.struct_passwd:
        raise KeyError(name)

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(pwd, "getpwnam", unknown)
    with pytest.raises(StepError, match=r"no user 'slipway'.*slipway image"):
        user.unprivileged()


def test_who_is_not_root_stays_who_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert user.unprivileged() is None
