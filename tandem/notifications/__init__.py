"""Notifications: what somebody should hear of, one item for each record and reason."""
