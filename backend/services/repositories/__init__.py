"""One collection a file. Every query has a name, and every query of a user's data has the user in its filter."""
