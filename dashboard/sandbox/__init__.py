"""A stand-in for cal.com's API v2 over real HTTP: to try, to train, to test.

It imports neither Django nor the client it is there to answer.
"""

from dashboard.sandbox.clock import Clock
from dashboard.sandbox.demo import demo_world
from dashboard.sandbox.fixtures import Booking, EventType, Hold, World, recorded_world, world_from
from dashboard.sandbox.sandbox import Sandbox, SeenCall

__all__ = [
    "Booking",
    "Clock",
    "EventType",
    "Hold",
    "Sandbox",
    "SeenCall",
    "World",
    "demo_world",
    "recorded_world",
    "world_from",
]
