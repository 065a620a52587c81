"""What every page stands on: the gate, authorisation, the crossing to services, the shell, and serving."""
