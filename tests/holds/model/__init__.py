"""A model of cal.com, the register and the processes between them, to explore every change.

``calcom`` and ``register`` are frozen values; ``processes`` lets the product's state machine act on
them and be struck; ``explorer`` visits all that can happen; ``promises`` says what must hold.
"""
