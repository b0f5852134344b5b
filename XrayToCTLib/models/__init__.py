"""Models: the card that describes one, the bundle that holds one, the registry that finds one."""
