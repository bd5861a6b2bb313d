"""Runs that live in a process: started, watched, asked, paused, cancelled, in this process or from another.

Offers: `run_host` (the runs of this process), `socket_server` (a run lets other processes see and steer it),
`remote_runs` (the runs of other processes), `question_fields` (what a question asks for), `server_lock` (is a server on
duty). Must not know: how a run is prepared, HTTP, pages.
"""
