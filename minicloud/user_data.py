"""User data as minicloud understands it: `#cloud-config` with `write_files` and `runcmd`, nothing else."""

from __future__ import annotations

import re
from typing import Any, TypedDict

import yaml

from minicloud.errors import MinicloudError

HEADER = "#cloud-config"
KEYS = ("write_files", "runcmd")
FILE_KEYS = ("path", "content", "permissions", "owner")
# Nova takes no more, base64 included.
MAX_BYTES = 65535 * 3 // 4


class File(TypedDict):
    path: str
    content: str
    permissions: int


class Plan(TypedDict):
    """What a server does at each start: files to write, then commands (a text is for `sh -c`)."""

    write_files: list[File]
    runcmd: list[list[str] | str]


def parse(text: str) -> Plan:
    """Read user data; no text at all is a server that does nothing.

    `owner` is read and has no effect: inside a server all files belong to the server's one user.

    Raises:
        MinicloudError: says what is wrong and what there is instead.
    """
    if not text.strip():
        return {"write_files": [], "runcmd": []}
    if len(text.encode()) > MAX_BYTES:
        raise MinicloudError(f"user_data has {len(text.encode())} bytes; at most {MAX_BYTES} are possible")
    if text.split("\n", 1)[0].rstrip() != HEADER:
        raise MinicloudError(f"user_data must begin with the line {HEADER}; scripts and MIME parts are not carried out")
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise MinicloudError(f"user_data is not YAML: {' '.join(str(error).split())}") from None
    if content is None:
        content = {}
    if not isinstance(content, dict):
        raise MinicloudError(f"user_data must be a map with {' and '.join(KEYS)}")
    unknown = [str(key) for key in content if key not in KEYS]
    if unknown:
        raise MinicloudError(f"user_data has {', '.join(unknown)}; only {' and '.join(KEYS)} are carried out here")
    return {
        "write_files": [_file(item, number) for number, item in enumerate(_list(content, "write_files"), 1)],
        "runcmd": [_command(item, number) for number, item in enumerate(_list(content, "runcmd"), 1)],
    }


def _list(content: dict[str, Any], key: str) -> list[Any]:
    value = content.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise MinicloudError(f"{key} must be a list")
    return value


def _file(item: Any, number: int) -> File:
    where = f"write_files, entry {number}"
    if not isinstance(item, dict):
        raise MinicloudError(f"{where}: must be a map with {', '.join(FILE_KEYS)}")
    unknown = [str(key) for key in item if key not in FILE_KEYS]
    if unknown:
        raise MinicloudError(f"{where}: has {', '.join(unknown)}; only {', '.join(FILE_KEYS)} are carried out here")
    path, content = item.get("path"), item.get("content", "")
    if not isinstance(path, str) or not path.startswith("/") or "\0" in path or path.endswith("/"):
        raise MinicloudError(f"{where}: path must be the absolute path of a file, not {path!r}")
    if ".." in path.split("/"):
        raise MinicloudError(f"{where}: path may not contain `..`, as in {path!r}")
    if not isinstance(content, str):
        raise MinicloudError(f"{where}: content must be a text, not {type(content).__name__}; put it in quotes")
    if not isinstance(item.get("owner", ""), str):
        raise MinicloudError(f"{where}: owner must be a text such as root:root")
    return {"path": path, "content": content, "permissions": _permissions(item.get("permissions", "0644"), where)}


def _permissions(value: Any, where: str) -> int:
    # YAML reads 0600 without quotes as an octal number, as cloud-init does.
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 0o7777:
        return value
    if isinstance(value, str) and re.fullmatch(r"(0o)?[0-7]{3,4}", value):
        return int(value.removeprefix("0o"), 8)
    raise MinicloudError(f"{where}: permissions must be octal such as '0600', not {value!r}")


def _command(item: Any, number: int) -> list[str] | str:
    where = f"runcmd, entry {number}"
    if isinstance(item, str) and item.strip() and "\0" not in item:
        return item
    if not isinstance(item, list) or not item:
        raise MinicloudError(f"{where}: must be a list of words, or a text for the shell")
    words = []
    for word in item:
        if isinstance(word, bool) or not isinstance(word, (str, int, float)) or "\0" in str(word):
            raise MinicloudError(f"{where}: {word!r} is no word; put it in quotes")
        words.append(str(word))
    if not words[0]:
        raise MinicloudError(f"{where}: begins with an empty word")
    return words
