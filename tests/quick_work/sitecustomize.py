"""Hash and compress in a moment. Python imports this at its start if its folder is in PYTHONPATH.

As in production, Argon2 would take a quarter of a second and 100 MiB for each sign-in of each test,
and to compress the static files three seconds.
"""

from functools import partial

import brotli
from django.contrib.auth.hashers import Argon2PasswordHasher

Argon2PasswordHasher.time_cost = 1
Argon2PasswordHasher.memory_cost = 8  # KiB
Argon2PasswordHasher.parallelism = 1
brotli.compress = partial(brotli.compress, quality=5)  # still smaller than gzip
