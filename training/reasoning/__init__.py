"""A teacher's notes beside the words: an optional input of the text branch, offline alone."""
