"""The bytes of files: kept once each, told apart by what they are, and named safely.

`contents` keeps them by their SHA-256, `partial` what has not all come yet; `kinds` says what bytes are, `names` what a
file may be called. Which files there are, and whose, is the store's.
"""
