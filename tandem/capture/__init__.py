"""Where the public comes in: events, visits, forms and landing pages."""
