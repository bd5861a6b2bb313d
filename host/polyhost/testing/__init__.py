"""For tests of polyfills: a pytest plugin that replays recorded scenarios.

Offers: `plugin` (its fixture), `replaying` (what that does). Nothing in the host imports it.
"""
