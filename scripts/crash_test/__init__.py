"""Runs that are killed at random moments: nothing is lost, nothing is there twice, nothing is claimed without proof."""
