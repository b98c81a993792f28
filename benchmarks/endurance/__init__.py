"""What must hold at full size and in real time: `python -m benchmarks.endurance`. See benchmarks/README.md."""
