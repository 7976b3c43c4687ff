"""Keystone and Heat as they are, and what they need to run well on one machine."""
