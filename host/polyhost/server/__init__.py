"""The composition root of what goes on answering: `polyhost serve`.

Offers: `serving` (everything that lives in the process), `application` (what is mounted into it: the owner API and the
dashboard), `service` (a file that starts it with the owner's session), `logs` (its log). Must not know: any one route,
page or operation; how a command line looks.
"""
