"""The only place that judges coverage: batch facts to receipt, evidence to health. Pure."""
