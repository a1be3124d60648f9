"""Every write of the kitchen."""
