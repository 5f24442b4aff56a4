"""Learning from a teacher's labels beside a few that are known: its noise measured, then undone."""
