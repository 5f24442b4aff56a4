"""Labels by a teacher: what it is shown, what it is asked, what it answered, what that cost."""
