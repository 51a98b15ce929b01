"""The tree of RFC 6962."""

from __future__ import annotations

import hashlib

import pytest

from gateway.evidence.merkle import Tree, leads_to

LEAVES = [bytes.fromhex(each) for each in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


@pytest.mark.parametrize("size", range(1, 9))
def test_the_roots_are_those_of_certificate_transparency(size):
    assert Tree(LEAVES[:size]).root.hex() == ROOTS[size - 1]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13, 64, 65, 100])
def test_each_path_leads_from_its_leaf_to_the_root_and_from_no_other(size):
    leaves = [number.to_bytes(2) for number in range(size)]
    tree = Tree(leaves)
    for number in range(size):
        path = tree.path(number)
        assert leads_to(tree.root, leaves[number], number, size, path)
        assert not leads_to(tree.root, b"another", number, size, path)
        assert not leads_to(tree.root, leaves[number], number, size, (*path, bytes(32)))
        assert not leads_to(tree.root, leaves[number], (number + 1) % size, size, path) or size == 1
        if path:
            assert not leads_to(tree.root, leaves[number], number, size, path[:-1])
            assert not leads_to(tree.root, leaves[number], number, size, (bytes(32), *path[1:]))


def test_a_node_does_not_pass_for_a_leaf():
    tree = Tree([b"a", b"b"])
    node = b"".join(hashlib.sha256(b"\0" + leaf).digest() for leaf in (b"a", b"b"))
    assert not leads_to(tree.root, node, 0, 1, ())


@pytest.mark.parametrize(("number", "size", "path"), [(-1, 2, ()), (2, 2, ()), (0, 0, ()), (0, 1 << 70, (b"",) * 65)])
def test_impossible_places_lead_nowhere(number, size, path):
    assert not leads_to(Tree([b"a"]).root, b"a", number, size, path)
