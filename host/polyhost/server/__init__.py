"""The composition root of a process that serves a home: what is below meets here, and nowhere else.

Offers: `serving` (`polyhost serve`: everything that lives in the process), made of `resources` (store, runs, uploads),
`companions` (scheduler, notifier, indexer, other processes' runs, settings), `application` (the owner API and the
dashboard, mounted) and `listening` (the address it answers at), behind a `door` that takes `connections` and refuses
what is `malformed`; its `own_socket`, at which the owner's commands find it; and around it `links` (a sign-in link of
the server that runs), `service` (a file that starts it with the owner's session), `logs` (its log). Must not know: any
one route, page or operation; how a command line looks.
"""
