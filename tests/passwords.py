"""Passwords that are hashed at no cost: a good hash takes its time, and few tests are about that."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class QuickArgon2(Argon2PasswordHasher):
    """Argon2 at its cheapest, whose hashes a server of the tests knows as its own."""

    time_cost = 1
    memory_cost = 8
    parallelism = 1
