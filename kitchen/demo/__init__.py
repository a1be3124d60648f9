"""Two restaurants to try Brigade with, and a dinner service in them."""
