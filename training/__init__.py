"""Where the networks learn, offline."""
