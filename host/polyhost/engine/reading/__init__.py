"""What reading stored records needs besides the store.

Offers: `authors` (who a record is from, by name), `indexing` (search indices that keep up). Must not know: surfaces.
"""
