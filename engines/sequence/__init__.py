"""What one person has shown so far, as the network carries it from tick to tick."""
