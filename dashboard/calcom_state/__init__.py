"""Keep what all processes know of cal.com: its clock, its rate allowance and its last lists.

The present moment, by clock. ``cal_`` is cal.com's, on which holds end; all else is local:

================================  ==============================================================
``now``, as a parameter           of one request or pass of settle, local
``Clock(now).now()``              later in the same action, local, also where the clock is set
``rate_and_clock.cal_now(now)``   for pages; the ticks tell it where the local clock was set
``Upstream.cal_now(now)``         for an action (``Operation.cal_now``): after the last answer
``Upstream.cal_at(moment)``       any moment, past ones too, by the offset as it was last told
``proven_cal_now(upstream, now)`` certainly reached: for what time alone decides
``proven_local_now(now)``         certainly reached: for what may be removed from the log
================================  ==============================================================
"""
