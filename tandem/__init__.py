"""Tandem: marketing and sales as one team, on one record of each customer."""

__version__ = "0.1.0"
