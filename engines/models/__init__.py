"""The model manifest, and the cache that its weights are pulled into."""
