"""Costs of logging, side by side: `python -m benchmarks`, see README.md here."""
