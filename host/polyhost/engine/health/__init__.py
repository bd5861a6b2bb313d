"""What a health projection is computed from.

Offers: `evidence` (gathering it). Must not know: what any of it means; `polyhost.coverage` judges.
"""
