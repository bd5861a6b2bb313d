"""For authors of polyfills.

Offers: `scaffold` (a new polyfill's folder), `check_folder` (a whole polyfill, checked), `conformance` (its behaviour,
checked by experiment; `trials`, `observed` and `report` are what that is made of), `live_reload` (a polyfill run again
whenever its files change). Must not know: terminals, pytest.
"""
