"""The check that a network finds what made-up interviews are known to hold, and nothing else."""
