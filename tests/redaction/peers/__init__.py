"""Corpora by the forms of public scanners, written without looking at the engines; `corpus.py` reads them."""
