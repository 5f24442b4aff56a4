"""The bench: the real pipeline measured, so that machines and versions can be compared."""
