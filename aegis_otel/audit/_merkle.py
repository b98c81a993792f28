"""The Merkle tree of RFC 6962, section 2.1: roots, proofs of inclusion and of consistency.

Leaf hashes are 32 bytes and come from outside (`aegis_otel.audit._seal`); only inner nodes are hashed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

EMPTY: Final = sha256(b"").digest()
"""The root of no leaves."""


class ProofError(ValueError):
    """A proof does not prove what it should."""


def node(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """The roots of the perfect trees that the leaves so far make, the largest first: enough to go on, and for the root.

    Attributes:
        size: how many leaves.
        roots: one root for each bit that is set in `size`, the highest bit first.
    """

    __slots__ = ("roots", "size")

    def __init__(self, size: int = 0, roots: Sequence[bytes] = ()) -> None:
        self.size = size
        self.roots = list(roots)

    def append(self, leaf: bytes) -> None:
        """Add a leaf."""
        size, made = self.size, leaf
        while size & 1:
            made = node(self.roots.pop(), made)
            size >>= 1
        self.roots.append(made)
        self.size += 1

    def copy(self) -> Frontier:
        """An independent copy."""
        return Frontier(self.size, self.roots)

    def root(self) -> bytes:
        """The root over all leaves."""
        return _folded(self.roots) if self.roots else EMPTY


def _folded(roots: Sequence[bytes]) -> bytes:
    made = roots[-1]
    for left in reversed(roots[:-1]):
        made = node(left, made)
    return made


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over these leaf hashes."""
    tree = Frontier()
    for leaf in leaves:
        tree.append(leaf)
    return tree.root()


def _split(size: int) -> int:
    """The largest power of two that is less than `size`."""
    return 1 << (size - 1).bit_length() - 1


def consistency_from(old: Frontier, leaves: Sequence[bytes]) -> list[bytes]:
    """The proof of RFC 6962, section 2.1.2, from the tree `old` to the tree with `leaves` after those of `old`.

    Needs no leaf of the old tree: what the proof holds of it are roots of its perfect trees.
    """
    size, total = old.size, old.size + len(leaves)
    if size in (0, total):
        return []
    proof: list[bytes] = []
    roots = old.roots
    start = 0  # of the subtree that is looked at, [start, total)
    whole = True  # its old part is a tree that the verifier knows
    while True:
        if size == total:
            if not whole:
                proof.append(_folded(roots))
            return proof[::-1]
        middle = start + _split(total - start)
        if size <= middle:
            proof.append(root_of(leaves[middle - old.size : total - old.size]))
            total = middle
        else:
            proof.append(roots[0])
            roots = roots[1:]
            start, whole = middle, False


def check_consistency(old_size: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    """Check that the tree with `root` begins with the leaves of the tree with `old_root` (RFC 9162, section 2.1.4.2).

    Raises:
        ProofError: it is not proved.
    """
    if not 0 < old_size <= size:
        if old_size == 0 and not proof:
            return
        raise ProofError(f"no proof leads from size {old_size} to {size}")
    if old_size == size:
        if proof or old_root != root:
            raise ProofError("two roots for one size")
        return
    path = list(proof)
    if old_size & (old_size - 1) == 0:
        path.insert(0, old_root)
    if not path:
        raise ProofError("the proof is too short")
    first, last = old_size - 1, size - 1
    while first & 1:
        first >>= 1
        last >>= 1
    made = remade = path[0]
    for each in path[1:]:
        if last == 0:
            raise ProofError("the proof is too long")
        if first & 1 or first == last:
            made, remade = node(each, made), node(each, remade)
            while not first & 1 and first:
                first >>= 1
                last >>= 1
        else:
            remade = node(remade, each)
        first >>= 1
        last >>= 1
    if last or made != old_root or remade != root:
        raise ProofError("the proof leads to another root")


def inclusion(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """The audit path of RFC 6962, section 2.1.1, for the leaf with this index."""
    proof: list[bytes] = []
    start, end = 0, len(leaves)
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            proof.append(root_of(leaves[middle:end]))
            end = middle
        else:
            proof.append(root_of(leaves[start:middle]))
            start = middle
    return proof[::-1]


def check_inclusion(leaf: bytes, index: int, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    """Check that a leaf is in the tree with `root`, at this index (RFC 9162, section 2.1.3.2).

    Raises:
        ProofError: it is not proved.
    """
    if not 0 <= index < size:
        raise ProofError(f"no leaf {index} is in a tree of size {size}")
    first, last, made = index, size - 1, leaf
    for each in proof:
        if last == 0:
            raise ProofError("the proof is too long")
        if first & 1 or first == last:
            made = node(each, made)
            while not first & 1 and first:
                first >>= 1
                last >>= 1
        else:
            made = node(made, each)
        first >>= 1
        last >>= 1
    if last or made != root:
        raise ProofError("the proof leads to another root")
