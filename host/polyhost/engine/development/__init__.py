"""For authors of polyfills.

Offers: `live_reload` (a polyfill run again whenever its files change). Must not know: terminals.
"""
