"""The source's own video with what was seen and read drawn on it."""
