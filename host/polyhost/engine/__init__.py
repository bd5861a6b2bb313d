"""One run or import from request to receipt. Drives the pure parts and owns the tasks."""
