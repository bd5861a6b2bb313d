"""Files of the owner's, imported: a run whose records come out of an artifact.

Offers: `import_run` (one import or its preview), `connector` (an importer as a connector), `uploads` (files that wait
for a word), `watched_folder` (files that arrive by themselves). Must not know: archives (`artifacts` opens them),
surfaces.
"""
