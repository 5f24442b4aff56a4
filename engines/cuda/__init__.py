"""NVIDIA's card: memory, streams and captured graphs, by NVIDIA's own binding and without torch."""
