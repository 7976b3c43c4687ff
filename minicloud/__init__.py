"""An embedded OpenStack for one machine: real Keystone and Heat; servers are groups of processes."""
