"""Model families: what is learned in one step; ``table.build_family`` finds them by name."""
