"""What people agreed to, word for word, what holds now, and which addresses are not written to."""
