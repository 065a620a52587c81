"""Several processes under one roof: started, watched, started again when they die, and ended together."""
