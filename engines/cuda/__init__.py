"""NVIDIA's card: memory, streams and captured graphs, by NVIDIA's own binding and without torch.

Every call is held against that binding in the tests; none of it was ever run on a card here.
"""
