"""Interviews that are made up: shaped like iMiGUE's, with a signal whose strength is known."""
