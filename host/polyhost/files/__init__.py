"""The bytes of files: fetched from a site, kept once each, told apart by what they are, and named safely.

`contents` keeps them by their SHA-256, `partial` what has not all come yet, `settling` makes the one of the other, many
at a time; `kinds` says what bytes are, `names` what a file may be called; `downloads` fetches, with `access` (what goes
with a request, and to whom), `answers` (what the answer of a server means) and `body` (how it arrives). Which files
there are, and whose, is the store's.
"""
