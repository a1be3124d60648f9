"""Every write of the orders app."""
