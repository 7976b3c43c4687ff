"""An embedded OpenStack for one machine: real Keystone, Heat and Manila; servers are groups of processes."""
