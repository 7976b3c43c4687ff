"""`./slipway image`: the image that nodes start from, for Glance: a Debian with Java, cloud-init and the bundle."""
