"""The domain of holds: no request, no template. Its modules, in the order in which to read them:

- the register: ``states``, ``slots``, ``models``, ``claims``, ``new_holds``
- what people are told: ``problems``, ``message_table``, ``messages``, ``safety``
- one action, its calls and its audit: ``operation``, ``action_log``, ``reservations``,
  ``database_connection``
- one change at cal.com, without I/O: ``change``, ``seen``, ``steps``, ``transitions``, ``results``,
  ``hold_fields``; performed by ``runner``, told by ``explain``
- before a verb: ``rules``, ``targets``, ``hosts``, ``open_times``, ``doubts``, ``loading``,
  ``in_turn``
- the verbs: ``services``, ``alteration``, ``transfer``, ``client_change``, ``checks``, ``lookup``,
  ``offer_decision``, ``put_aside``, ``erasure``, ``new_calendars``
- without a person: ``settle``, ``dead_actions``
- what pages read: ``register``, ``offers``, ``colleague_actions``, ``mentions``
"""
