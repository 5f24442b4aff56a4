"""Compiled engines on disk: each under the digest of all that made it, checked before it is read."""
