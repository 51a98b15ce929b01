"""An entry's facts as JSON: nothing is lost, the order in which facts were said makes no other state."""

from __future__ import annotations

import json

from gateway.catalogue import entry_json
from tests.catalogue.entries import ENTRY, entry


def test_what_is_written_is_read_again():
    assert entry_json.of_json(json.loads(json.dumps(entry_json.as_json(ENTRY)))) == ENTRY


def test_order_of_texts_makes_no_other_state_and_another_text_does():
    turned = entry(titles=dict(reversed(ENTRY.titles.items())))
    assert entry_json.digest(turned) == entry_json.digest(ENTRY)
    assert entry_json.digest(entry(titles={"de": "Anders"})) != entry_json.digest(ENTRY)
