"""From one frame to the people in it: boxes, tracks, faces, expressions."""
