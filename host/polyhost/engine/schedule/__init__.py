"""When connections are collected by themselves.

Offers: `due` (the decision, pure), `schedules` (what owner and manifest want, and what it comes to now), `scheduler`
(the loop that starts what is due). Must not know: how a run is carried out, surfaces.
"""
