"""Behavioural events: the durable hot table, and who a visitor turned out to be."""
