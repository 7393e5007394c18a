"""The only way out of any message: the ledger of all that is sent, and the wire."""
