"""GPU kernels: what is known of them without a GPU, and a benchmark for machines with one."""
