"""Sources, and the connectors made from them.

Offers: `lookup` (which source a reference names), `connectors` (what a run can open: live, replayed, recorded),
`expected_records` (what a recorded scenario must yield). Must not know: how a run goes, surfaces.
"""
