"""Pages that assemble what the rooms give: home and search."""
