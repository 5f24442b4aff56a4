"""Correction of what the networks say: probabilities one can act on, and when to abstain."""
