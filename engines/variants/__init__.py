"""Graphs in other precisions: each made from one graph, used where the gate admitted it."""
