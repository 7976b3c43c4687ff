"""The shapes of the API. No rules: what may be is decided in the services."""
