"""The user-data of every server: the node's facts and the one command that boots the node."""

from __future__ import annotations

FACTS_VERSION = 2  # the shape of the facts; a node program that does not know it refuses
FACTS_PATH = "/etc/slipway/facts.json"
BOOT_COMMAND = ("/opt/slipway/bin/slipway-node", "boot")

# The facts stand in a block scalar: a quote or a colon in a name would end a quoted one.
_TEMPLATE = """\
#cloud-config
write_files:
  - path: {path}
    owner: root:root
    permissions: '0600'
    content: |
      $facts
runcmd:
  - [{command}]
"""


def user_data_template() -> str:
    """The #cloud-config text with one placeholder, `$facts`, for one line of JSON (Heat's str_replace)."""
    return _TEMPLATE.format(path=FACTS_PATH, command=", ".join(BOOT_COMMAND))
