"""A local stand-in for cal.com's API v2 over real HTTP, for tests, demo and training.

It imports neither Django nor any other package of the product.
"""

from dashboard.sandbox.fixtures import Booking, Key, Reservation, World, demo_world, read_world
from dashboard.sandbox.sandbox import Sandbox

__all__ = ["Booking", "Key", "Reservation", "Sandbox", "World", "demo_world", "read_world"]
