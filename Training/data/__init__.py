"""Data: from folders of images to arrays that training maps into memory."""
