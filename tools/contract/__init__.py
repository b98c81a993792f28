"""Writes from `contract/` what the engines and the Collector use: `python -m tools.contract` (`make generate`).

`--check` changes nothing; it exits with 1 and names what is stale.
"""
