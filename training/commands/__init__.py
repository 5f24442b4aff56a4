"""The work behind the verbs of training."""
