"""Campaigns: planned work with a goal, a budget, costs and the assets that carry it."""
