"""Training: from interviews to a checkpoint, each branch alone, then together."""
