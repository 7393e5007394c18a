"""Orders and their lines, what was reversed, and what all of it comes to."""
