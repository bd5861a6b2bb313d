"""One collection, from a granted scope to a settled result: the part that every kind of run shares.

Offers: `collect` (the run itself), `outcome` (what it came to), `ledger` (what it knows and learns of partitions),
`dry_run` (what it would ask for), `lease` (one run per connection), `pause` and `paused` (the owner lets it wait),
`open_question` (it waits for an answer), `coverage_baseline` (what was covered before it), `tracing` (what passed
between connector and host). Must not know: how a connector is made, files, schedules, surfaces.
"""
