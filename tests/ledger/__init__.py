"""Tests of the partition ledger; `source` and `collector` are the world its model test lives in."""
