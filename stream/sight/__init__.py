"""What looks at the frames of all sources: in the program itself, or in a process of its own."""
