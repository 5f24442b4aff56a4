"""The 137 keypoints of a person: body, hands and face."""
