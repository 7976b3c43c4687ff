"""The client of the portal's API. The package in it stands alone: `pip install ./cli` needs nothing else of Slipway."""
