"""The benchmark: `make bench`. README.md says how it is built up."""
