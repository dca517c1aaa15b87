"""Errors of the recorded lines that are no good answer: class and cause, and the lines' names.

Each was read against its recorded status and sentence. Every other line must give a value.
"""

TEXT = """
01-post
  Refused unknown_event_type: POST unknown event type
  Refused wrong_duration: POST variable 20 (bad) | POST slotDuration on fixed
  Refused not_related: POST RR by stranger (stranger)
  Refused no_hosts: POST RR no hosts
  Unavailable not_json: POST OPTIONS
  Unavailable key_rejected: POST lower-case bearer

02-patch
  Refused already_reserved: PATCH same slot while live | PATCH overlapping half (09:30)
    | PATCH variable to 60 same start live | PATCH RR a onto b
  Unavailable key_rejected: PATCH invalid key
  Refused invalid: PATCH missing slotStart | PATCH only reservationDuration | PATCH empty body {}
  Refused already_booked: PATCH booked slot (Wed 09)
  Refused unknown_reservation: PATCH unknown uid | PATCH non-uuid uid
  Refused unknown_event_type: PATCH unknown event type
  Unavailable wrong_route: PUT

03-get
  Unavailable key_rejected: GET known, invalid key
  Unavailable wrong_route: GET list (no uid) | GET list (trailing /)
  Unavailable not_json: HEAD known | GET If-None-Match
  Refused unknown_reservation: PATCH after purge

04-delete
  Unavailable key_rejected: DELETE known invalid key
  Unavailable wrong_route: DELETE no uid | DELETE wrong version

05-validation
  Refused invalid: missing eventTypeId | string eventTypeId | float eventTypeId 1.5
    | eventTypeId null | eventTypeId array | slotStart bad text | slotStart empty | slotStart null
    | slotStart number | slotStart space sep | slotStart Feb 30 | slotStart hour 25
    | slotStart 24:00 | slotStart +275760 | slotStart lowercase z | slotStart epoch str
    | reservationDuration float 1.5 | reservationDuration string "10" | reservationDuration true
    | slotDuration string on variable | slotDuration float on variable
    | empty body with content-type json | no body, no content-type | JSON array body
    | JSON array with ok | urlencoded body | text/plain json | no content type header but json
    | everything wrong
  Refused unknown_event_type: eventTypeId -1 | eventTypeId 0
  Unknown server_fault: eventTypeId 1e10 (int4 overflow) | eventTypeId 2147483648
    | slotStart year 9999 | reservationDuration 1e12 | reservationDuration 1e15
    | reservationDuration 1e18
  Unknown unknown_shape: slotStart year 0001
  Unavailable key_rejected: reservationDuration -5 anonymous | reservationDuration 10 anonymous
  Refused wrong_duration: slotDuration -30 on variable
  Refused other_refusal: malformed JSON | malformed JSON 2 | JSON string body | JSON null body
    | charset latin1 | content-encoding br bogus | body 150 kB | uid bad percent GET
  Unavailable server_fault: uid with NUL GET

06-version
  Unavailable wrong_route: POST no version | POST unknown version | POST quoted version
    | POST 2024-08-13 | GET uid no version | PATCH no version | DELETE no version
    | GET slots no version | GET event-types 2024-09-04 | GET bookings 2024-09-04
    | GET via /api/v2 no version | GET teams
  Unavailable unknown_shape: GET bookings 2026-02-25

07-auth
  Unavailable key_rejected: POST no key with reservationDuration | POST empty bearer
    | POST bearer non cal token | POST basic | POST invalid key | POST invalid key no dur
    | POST invalid key + bad body | POST expired key | GET uid invalid key | PATCH invalid key
    | DELETE invalid key | GET slots invalid key | GET event-types invalid key | GET me invalid key
    | GET me expired key | GET me no key | GET me bearer garbage
    | POST oauth client id+secret unknown | POST only client id | garbage bearer event-types list
    | garbage bearer event-type by id | garbage bearer bookings list | garbage bearer POST booking
    | revoked-like: event-types expired key | bookings expired key
  Refused unknown_reservation: PATCH expired key
  Refused not_related: POST stranger with dur

08-422
  Refused already_reserved: second POST same slot | second POST overlapping | seated second hold
  Refused already_booked: booked exact | booked overlap 09:30 | pending booking, POST
  Refused no_seats: seated full | seated full, offset start

09-429
  Unavailable rate_limited: GET #121 | GET #122 | GET #123 | GET #124 | GET #125 | GET #126
    | poll t=61.0 | poll t=62.0

10-slots
  Refused invalid: format bad | unknown param | missing start | missing eventTypeId
    | eventTypeId text | bad date | bad tz | usernames dynamic
  Refused unknown_event_type: unknown event type
  Refused other_refusal: slug+wrong username

11-event-types-me
  Refused unknown_event_type: one by id mate | one by id stranger | unknown id
  Unavailable key_rejected: one by id anon
  Unavailable server_fault: text id
  Unavailable unknown_shape: me | me no version | me mate

12-bookings
  Unknown unknown_shape: book held slot (owner key) | anonymous book | variable 45 | seated
    | seated second attendee | RR | anonymous books the slot held by owner | booking race 0 #0
    | booking race 1 #0 | booking race 2 #1 | mixed case email | start with offset
  Refused already_booked: PATCH hold same slot
  Refused other_refusal: book taken time | book taken time other attendee
    | book overlapping other event type | bad email | off hours | past | lengthInMinutes on fixed
    | variable 20 bad | seated same email again | seated full | booking race 0 #1
    | booking race 0 #2 | booking race 0 #3 | booking race 1 #3 | booking race 1 #2
    | booking race 1 #1 | booking race 2 #0 | booking race 2 #3 | booking race 2 #2
  Refused invalid: unknown key | missing attendee | missing start | bad tz | no email no phone
    | wrong version bookings none | instant/allowConflicts key
  Refused unknown_event_type: unknown event type
  Unavailable key_rejected: invalid key
  Unavailable wrong_route: wrong version bookings 2024-09-04

12b-get-bookings
  Unavailable unknown_shape: all | ?eventTypeId=1 | ?eventTypeIds=1,2
    | ?attendeeEmail=one@example.test | ?attendeeEmail=MARIO@example.test
    | ?attendeeName=Mario%20Rossi | ?afterStart=2027-01-25T09:00:00Z&beforeEnd=2027-01-25T10:00:00Z
    | ?afterStart=2027-01-25T09:00:00Z&beforeEnd=2027-01-25T10:00:00Z&eventTypeId=1&attendeeEmail=one@example.test
    | ?status=upcoming | ?status=past | ?status=cancelled | ?status=upcoming&take=2&skip=1 | ?foo=1
    | ?sortStart=desc&take=3 | ?teamId=1 | ?bookingUid=kupMvNkDwVrfvjirySQRX4
    | ?uid=kupMvNkDwVrfvjirySQRX4 | mate | stranger | by uid | by uid anon
    | q Mixed.Case@Example.test | q mixed.case@example.test
  Refused invalid: ?take=0 | ?take=251 | ?afterStart=bad
  Unavailable key_rejected: anon
  Refused other_refusal: by uid unknown
  Unknown unknown_shape: cancel
"""  # noqa: E501 - one of them is a long address


def expected_errors() -> dict[tuple[str, str], str]:
    """Return the error of each line, by its file and name."""
    errors: dict[tuple[str, str], str] = {}
    file = error = ""
    for line in filter(None, TEXT.splitlines()):
        if not line.startswith(" "):
            file = line
            continue
        if line.startswith("    | "):
            names = line.removeprefix("    | ")
        else:
            error, _, names = line.strip().partition(": ")
        errors |= {(file, name): error for name in names.split(" | ")}
    return errors
