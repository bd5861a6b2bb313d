"""The owner's signed-in sessions: come by, proven, sealed, used by a run, and kept better than before.

Offers: `sign_in` (the ways in), `account` (whose session it is), `saved` (sealed sessions in a home), `connector` (a
run with a session that is looked after). Must not know: schedules, surfaces, what is collected.
"""
