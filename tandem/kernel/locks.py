"""Advisory locks of Postgres on which several rooms, or rooms and the project, must agree."""

FILES_LOCK = 0x74616E66
"""Held shared by a backup while it copies: until then no file that its database knows may go."""
