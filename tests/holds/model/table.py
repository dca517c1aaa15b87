"""Every transition of a change: what the state machine does next after what it sees.

A cell is empty where that never happens: a verb sends nothing twice without a cause, and ``settle``
begins with a look. ``unsettled`` leaves the change in the register for the next look.
"""

TEXT = """
phase        | seen                               | in a verb              | in settle

placing      | begin                              | POST placing           |
placing      | accepted                           | stands, ok             |
placing      | refused                            | not_placed, refused    |
placing      | not done                           | not_placed, unavailable|
placing      | no answer                          | ASK placing            |
placing      | asked                              | unconfirmed, unknown   |
placing      | out of time                        | unconfirmed, unknown   |

checking     | begin                              | GET checking           |
checking     | found                              | DELETE deleting        |
checking     | not there                          | DELETE deleting        |
checking     | not seen                           | unchanged, unavailable |

deleting     | look                               |                        | GET deleting
deleting     | found                              |                        | DELETE deleting
deleting     | found, ran out                     |                        | ended
deleting     | not there                          |                        | ended
deleting     | not there, was not there           |                        | vanished
deleting     | not seen                           |                        | unsettled
deleting     | accepted                           | ended, ok              | ended
deleting     | accepted, was not there            | vanished, ok           |
deleting     | refused                            | unchanged, refused     | unsettled
deleting     | not done                           | unchanged, unavailable | unsettled
deleting     | no answer                          | unsettled, unknown     | unsettled

patching     | begin                              | PATCH patching         |
patching     | accepted                           | stands, ok             |
patching     | refused                            | unchanged, refused     |
patching     | refused: extension is booked       | DELETE discarding      |
patching     | refused: own overlap               | PATCH parking          |
patching     | refused: own overlap, no place left| retake_needed, refused |
patching     | refused: not there                 | vanished, refused      |
patching     | not done                           | unchanged, unavailable |
patching     | no answer                          | GET patching           |
patching     | look                               |                        | GET patching
patching     | found at target                    | stands, ok             | stands
patching     | found at origin, a write may land  | unsettled, unknown     | unsettled
patching     | found at origin                    |                        | stands
patching     | found elsewhere, a write may land  | unsettled, unknown     | stands
patching     | found elsewhere                    |                        | stands
patching     | found, ran out, a write may land   | unsettled, unknown     | unsettled
patching     | not there                          | vanished, refused      | vanished
patching     | not seen                           | unsettled, unknown     | unsettled

parking      | begin                              | PATCH parking          |
parking      | accepted                           | PATCH arriving         |
parking      | refused                            | unchanged, refused     |
parking      | refused: the place                 | PATCH parking          |
parking      | refused: the place, no place left  | retake_needed, refused |
parking      | refused: not there                 | vanished, refused      |
parking      | not done                           | unchanged, unavailable |
parking      | no answer                          | GET parking            |
parking      | look                               |                        | GET parking
parking      | found parked                       | PATCH arriving         | PATCH arriving
parking      | found parked, all ran out          |                        | DELETE discarding
parking      | found at origin, a write may land  | unsettled, unknown     | unsettled
parking      | found at origin                    |                        | stands
parking      | found at target                    | stands, ok             | stands
parking      | found elsewhere, a write may land  | unsettled, unknown     | stands
parking      | found elsewhere                    |                        | stands
parking      | found, ran out, a write may land   | unsettled, unknown     | unsettled
parking      | not there                          | vanished, refused      | vanished
parking      | not seen                           | unsettled, unknown     | unsettled

arriving     | accepted                           | stands, ok             | stands
arriving     | refused move                       | GET undoing            | GET undoing
arriving     | refused extension                  | GET turned_away        | GET turned_away
arriving     | refused: taken at first            | GET arriving           |
arriving     | refused: not there                 | vanished, refused      | vanished
arriving     | not done                           | wait, send again       | wait, send again
arriving     | no answer                          | GET arriving           | GET arriving
arriving     | look                               | GET arriving           | GET arriving
arriving     | begin                              | PATCH arriving         |
arriving     | found parked                       |                        | PATCH arriving
arriving     | found parked, just failed          | wait, send again       |
arriving     | found parked, all ran out          |                        | DELETE discarding
arriving     | found at target                    | stands, ok             | stands
arriving     | found at origin                    |                        | stands
arriving     | found elsewhere, a write may land  | unsettled, unknown     | stands
arriving     | found elsewhere                    |                        | stands
arriving     | found as before                    | wait, look again       |
arriving     | found at origin, a write may land  | unsettled, unknown     | unsettled
arriving     | found, ran out, a write may land   |                        | unsettled
arriving     | not there                          | vanished, refused      | vanished
arriving     | not seen                           | wait, look again       | wait, look again
arriving     | out of time                        | unsettled, unknown     | unsettled

undoing      | accepted                           | went_back, refused     | went_back
undoing      | refused                            | GET turned_away        | GET turned_away
undoing      | refused: not there                 | vanished, refused      | vanished
undoing      | not done                           | wait, send again       | wait, send again
undoing      | no answer                          | GET undoing            | GET undoing
undoing      | look                               | GET undoing            | GET undoing
undoing      | begin                              | PATCH undoing          |
undoing      | found parked                       | PATCH undoing          | PATCH undoing
undoing      | found parked, just failed          | wait, send again       |
undoing      | found parked, all ran out          |                        | DELETE discarding
undoing      | found at target                    | stands, ok             | stands
undoing      | found as before                    | wait, look again       |
undoing      | found at origin                    | went_back, refused     | went_back
undoing      | found elsewhere, a write may land  | unsettled, unknown     | stands
undoing      | found elsewhere                    |                        | stands
undoing      | found, ran out, a write may land   |                        | unsettled
undoing      | not there                          | vanished, refused      | vanished
undoing      | not seen                           | wait, look again       | wait, look again
undoing      | out of time                        | unsettled, unknown     | unsettled

turned_away  | look                               | GET turned_away        | GET turned_away
turned_away  | found parked                       | DELETE discarding      | DELETE discarding
turned_away  | found parked, all ran out          |                        | DELETE discarding
turned_away  | found at target                    | stands, ok             | stands
turned_away  | found as before                    | wait, look again       |
turned_away  | found at origin, a write may land  | unsettled, unknown     | unsettled
turned_away  | found at origin                    |                        | stands
turned_away  | found elsewhere, a write may land  | unsettled, unknown     | stands
turned_away  | found elsewhere                    |                        | stands
turned_away  | found, ran out, a write may land   |                        | unsettled
turned_away  | not there                          | vanished, refused      | vanished
turned_away  | not seen                           | wait, look again       | wait, look again
turned_away  | out of time                        | unsettled, unknown     | unsettled

discarding   | look                               |                        | GET discarding
discarding   | found                              |                        | DELETE discarding
discarding   | found, ran out                     |                        | ended
discarding   | found, ran out, a write may land   |                        | DELETE discarding
discarding   | not there                          |                        | ended
discarding   | not seen                           |                        | unsettled
discarding   | accepted                           | lost, refused          | ended
discarding   | refused                            | lost, refused          | unsettled
discarding   | not done                           | lost, refused          | unsettled
discarding   | no answer                          | lost, refused          | unsettled

replacing    | begin                              | POST replacing         |
replacing    | accepted                           | DELETE replaced        |
replacing    | refused                            | unchanged, refused     |
replacing    | not done                           | unchanged, unavailable |
replacing    | no answer                          | ASK replacing          |
replacing    | asked                              | second_unconfirmed, unknown |
replacing    | out of time                        | second_unconfirmed, unknown |
replaced     | accepted                           | stands, ok             |
replaced     | refused                            | stands, ok             |
replaced     | not done                           | stands, ok             |
replaced     | no answer                          | stands, ok             |

retaking     | begin                              | DELETE retaking        |
retaking     | accepted                           | POST asking_again      |
retaking     | refused                            | unchanged, refused     |
retaking     | not done                           | unchanged, unavailable |
retaking     | no answer                          | GET retaking           |
retaking     | look                               |                        | GET retaking
retaking     | found, a write may land            | unsettled, unknown     | unsettled
retaking     | found                              |                        | stands
retaking     | not there                          | POST asking_again      | POST asking_again
retaking     | not there, all ran out             |                        | lost
retaking     | not seen                           | unsettled, unknown     | unsettled
asking_again | look                               |                        | POST asking_again
asking_again | look, all ran out                  |                        | lost
asking_again | accepted                           | stands, ok             | stands
asking_again | refused: taken at first            | wait, send again       |
asking_again | refused                            | lost, refused          | lost
asking_again | not done                           | wait, send again       | wait, send again
asking_again | no answer                          | ASK asking_again       | ASK asking_again
asking_again | asked                              | unconfirmed, unknown   | unconfirmed
asking_again | begin                              | POST asking_again      |
asking_again | out of time                        | unsettled, unknown     | unsettled
asking_again | out of time, no answer             | unconfirmed, unknown   | unconfirmed
"""


def transitions() -> list[tuple[str, str, str, str]]:
    """Return the table as tuples: phase, by whom, what was seen, next step."""
    lines = [line.split("|") for line in TEXT.splitlines() if line][1:]
    rows = [[cell.strip() for cell in line] for line in lines]
    return [
        (phase, by, seen, step)
        for phase, seen, *steps in rows
        for by, step in zip(("verb", "settle"), steps, strict=True)
        if step
    ]
