"""Redaction leaves seals alone, in the process: fields of the seal by their names, in their forms."""

from __future__ import annotations

import random

from aegis_otel.redaction import DEFAULT, Redactor
from tests.support.examples import examples

HASHES = (
    "auditChain", "auditPrevious", "auditHash", "auditRoot", "auditKey", "auditNodeKey", "auditKeyId", "auditOldKey",
    "auditRules", "auditMac", "auditEndorsement1", "auditEndorsement2", "auditSignature1", "auditSignature2",
    "auditOldSignature1", "auditOldSignature2", "auditNewSignature1", "auditNewSignature2", "auditOfChain",
    "auditOfHash", "auditOfRoot",
)  # fmt: skip
LISTS = ("auditProof", "auditHeadChains", "auditHeadHashes", "auditUncertain")
NUMBERS = ("auditFormat", "auditSeq", "auditSize", "auditProofSize", "auditOfSize", "auditCutBytes")


def test_no_seal_is_masked_in_the_process() -> None:
    rng = random.Random("seals")
    redactor = Redactor(DEFAULT)

    def digest() -> str:
        return f"{rng.getrandbits(256):064x}"

    masked = []
    for _ in range(examples(1000)):
        record: dict[str, object] = {name: digest() for name in HASHES}
        record |= {name: [digest() for _ in range(3)] for name in LISTS}
        record |= {name: rng.randrange(300_000) for name in NUMBERS}
        record["auditHeadSizes"] = [rng.randrange(300_000) for _ in range(3)]
        record |= {"auditAction": "READ", "complianceLevel": "HIPAA"}
        if redactor.redact_mapping(record, audit=True) != record:
            masked.append(record)
    assert masked == []
