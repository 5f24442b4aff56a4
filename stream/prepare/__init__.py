"""What a run opens, built, listed and compared before it runs."""
