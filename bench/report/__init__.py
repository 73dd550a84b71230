"""From results.json to docs/benchmarks.md and its pictures."""
