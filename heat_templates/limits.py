"""The numbers that Heat and Nova impose."""

from __future__ import annotations

TEMPLATE_BYTES = 524_288  # Heat's max_template_size
RESOURCES = 1000  # Heat's max_resources_per_stack
SERVER_NAME = 53  # Heat's max_server_name_length
WAIT_SECONDS = 43_200  # the longest timeout of a wait condition
METADATA = 255  # Nova: characters of a key or value of a server's metadata
NEUTRON_TAG = 60  # Neutron: characters of a tag, in releases before 2024
WIDEST_RANGE = 8  # no private range is wider: halves of the world are the world too
WIDEST_ASKED = 16  # ours: of what a person may ask for; a campus is no wider
ADDRESSES_TAKEN = 5  # of a subnet: network, broadcast, router, DHCP and one to spare
NODE_BYTES = 8_192  # ours: of a node's user-data, which Heat keeps for each node and sends to Nova
USER_DATA_BYTES = 65_535 // 4 * 3  # Nova takes 65,535 characters of base64
ENVIRONMENT_BYTES = 131_072  # Linux: of one variable, with its name and its end
