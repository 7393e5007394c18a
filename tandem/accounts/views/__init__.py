"""The pages of accounts: signing in, and the settings."""
