"""The paper's keypoint network against a graph convolution, on real skeletons: evaluation only."""
