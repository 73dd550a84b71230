"""What is measured: each module has `run(bench)`, which returns what goes into the JSON."""
