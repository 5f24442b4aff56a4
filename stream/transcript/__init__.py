"""Which words are final, and when; who says them."""
