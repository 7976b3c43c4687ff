"""What answers the API's addresses: one module for each kind of thing. No rules: they stand in the services."""
