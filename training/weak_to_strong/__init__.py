"""The check that a student of few labels and a weak teacher beats both: plans, trials, tables."""
