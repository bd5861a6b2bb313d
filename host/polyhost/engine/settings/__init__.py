"""The owner's settings: read in layers, refused with a sentence, followed while a server runs.

Offers: `config` (every setting there is), `quiet_hours`, `time_zone` and `reload`. Must not know: what they are used
for.
"""
