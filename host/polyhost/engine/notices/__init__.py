"""Telling the owner that they are needed.

Offers: `causes` (what is told, once each), `channels` (desktop, webhook), `notifier` (the loop that tells). Must not
know: how health is judged, surfaces.
"""
