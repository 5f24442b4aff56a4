"""The starter: the weights that Subface ships, with their data, training and scores."""
