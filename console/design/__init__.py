"""How Kontor looks and speaks."""
