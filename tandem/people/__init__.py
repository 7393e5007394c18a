"""Persons and companies: they exist once, from the first click to the referral."""
