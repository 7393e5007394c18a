"""What many kinds of record need, once: lists, filters, saved views, search, tags, comments."""
