"""What polyhost does, a folder for each job. Drives the pure parts and owns the tasks.

From the top down: `doctor`, `notices`, `development`, `export`; `schedule`; `health`; `imports`, `hosting`; `run`;
`reading`; `sources`; `sessions`; `settings`. Beside them what all of them share: `events` (what a run tells whoever
watches) and `clock`. A folder's docstring names what it offers; a module with an underscore is its own affair.
"""
