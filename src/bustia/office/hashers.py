"""How passwords are kept: Argon2id, at the cost that OWASP's password storage sheet asks for."""

from django.contrib.auth.hashers import Argon2PasswordHasher

__all__ = ["Argon2id"]


class Argon2id(Argon2PasswordHasher):
    """Argon2id with 19 MiB, two passes and one lane."""

    time_cost = 2
    memory_cost = 19_456
    parallelism = 1
