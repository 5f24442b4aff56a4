"""Compiled engines on disk: each under the digest of all that it depends on, checked before it is read."""
