"""A model of Hugging Face's formats on this machine: its files, its process, and what it writes."""
