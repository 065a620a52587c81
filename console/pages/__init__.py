"""One folder a domain; a page and its state."""
