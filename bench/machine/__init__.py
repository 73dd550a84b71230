"""The machine: what it is, what it can do, and how native programs take part."""
