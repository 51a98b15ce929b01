"""What may be lost: twenty services are named and the others counted, a share of objects is compared."""

from __future__ import annotations

import pytest

from gateway.catalogue.losses import AllowedLoss, Losses
from gateway.errors import CatalogueExportShrinks

LOSS = AllowedLoss("Erika Mustermann", "Ende")


def test_many_lost_services_are_named_up_to_a_number_and_then_counted():
    losses = Losses(10.0, None)
    for number in range(23):
        losses.service("150900546546", f"s{number}")
    with pytest.raises(CatalogueExportShrinks) as error:
        losses.of_services()
    assert [each.rule for each in error.value.findings] == ["service_lost"] * 20 + ["more_lost"]
    assert "3 weitere" in error.value.findings[-1].de


@pytest.mark.parametrize(
    ("percent", "gone", "before", "refused"),
    [(10, 10, 100, False), (10, 11, 100, True), (0, 1, 1000, True), (100, 5, 5, False), (10, 0, 0, False)],
)
def test_a_share_of_objects_may_go(percent, gone, before, refused):
    if refused:
        with pytest.raises(CatalogueExportShrinks):
            Losses(percent, None).of_objects(gone, before)
    else:
        Losses(percent, None).of_objects(gone, before)
    Losses(percent, LOSS).of_objects(gone, before)


def test_nothing_lost_is_no_loss():
    Losses(0.0, None).of_services()


def test_a_whole_share_is_told_without_a_fraction():
    with pytest.raises(CatalogueExportShrinks) as error:
        Losses(10.0, None).of_objects(3, 7)
    (found,) = error.value.findings
    assert ("mehr als 10 %" in found.de, "more than 10 %" in found.en) == (True, True)
