"""A model of cal.com, the register and the processes between them, to explore every change.

``calcom`` and ``register`` are frozen values; ``processes`` lets the product's state machine act on
them, with every end that a call can have; ``journal`` is what it writes to the register;
``explorer`` visits all states; ``properties`` checks what must hold in each.
"""
