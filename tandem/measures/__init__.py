"""Every number of the house, defined once: each room registers its own, everybody asks here."""
