"""The partition ledger, pure: what is covered, what to fetch next, what is missing. No I/O, no clock."""
