"""Translation: a radiograph on the network's grid, through the network, and back to its own grid as a stack in HU."""
