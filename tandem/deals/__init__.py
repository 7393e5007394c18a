"""Deals: pipelines, stages, what moves through them, and how it ends."""
