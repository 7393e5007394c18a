"""Who works here: users, teams, roles, tokens, how far each sees, and the company itself."""
