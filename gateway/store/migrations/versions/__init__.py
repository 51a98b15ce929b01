"""One module a version, never changed once released; `0001_first.sql` holds the first as it was then."""
