"""iMiGUE, read from a folder of the user's own: the project ships nothing of it."""
