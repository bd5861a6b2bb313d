"""Files of records: which are wanted, fetching them beside a run, taking them out of an imported artifact, keeping the
home free of what nobody holds."""
