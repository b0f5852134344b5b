"""Classical enhancement: one filter a file, and pipelines of them."""
