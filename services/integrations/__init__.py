"""What the console talks to outside: one module for each neighbour, the only place that knows its library."""
