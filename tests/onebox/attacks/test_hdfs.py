"""The attacks of tests/attacks/test_hdfs.py, on this place's site."""

from tests.attacks.test_hdfs import *  # noqa: F403 - pytest takes over the tests and their fixtures by their names
