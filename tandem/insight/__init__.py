"""What the figures of both teams say together: attribution, the shared home."""
