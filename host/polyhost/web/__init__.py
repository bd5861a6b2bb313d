"""The dashboard: pages that show what operations return. It formats; it decides nothing."""
