"""The restaurant's own books in the admin: staff, menu, tables, guests and orders."""
