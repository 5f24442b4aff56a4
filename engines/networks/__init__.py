"""The torch modules that are ours."""
