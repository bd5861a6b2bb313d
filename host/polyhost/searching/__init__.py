"""Pure: what of a record is searched, how text is cut into words, what a query means, where it is found."""
