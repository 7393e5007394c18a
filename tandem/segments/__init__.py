"""Segments: who fits a definition, kept up to date as people, events and days change."""
