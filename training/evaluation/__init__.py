"""What a network is worth: figures with intervals over people, pictures, the card."""
