"""Reads the licences of all that is built or installed here, refuses those not allowed, and writes docs/licences.md.

    python -m tools.licences          # check: exit 1 and the offenders, or a page that is out of date
    python -m tools.licences write    # write docs/licences.md

Modules: ``rules`` (what is allowed), ``texts`` (recognises licence texts), ``wheels``, ``gomodules``, ``crates`` and
``npm`` (read one ecosystem each), ``manifests`` (programs that must not come in), ``page`` (docs/licences.md).
"""
