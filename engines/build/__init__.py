"""From published weights to the graphs that the runtimes load."""
