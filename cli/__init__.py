"""The client of the portal's API. It stands alone: slipway_client.py needs nothing but Python."""
