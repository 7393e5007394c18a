"""One story for both teams: what happened to a record, in order, never rewritten."""
