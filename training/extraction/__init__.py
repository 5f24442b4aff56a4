"""The live pipeline over files and streams, kept as shards that networks learn from."""
