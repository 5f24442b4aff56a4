"""Compiled engines on disk: each under the digest of what made it, checked before it is read."""
