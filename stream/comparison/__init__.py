"""Two ways to look at the same frames, side by side: what differs in what is seen and read."""
