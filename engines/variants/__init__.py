"""Graphs in other precisions: each made from one graph, and used only where the gate admitted it."""
