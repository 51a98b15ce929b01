"""A municipality's entries come out of its files: services of ours, those that run elsewhere, and every fault told."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.catalogue import entry_json, sentences
from gateway.catalogue.addresses import PublicAddresses
from gateway.catalogue.entry import LifeCycle, Maturity
from gateway.catalogue.entry_files import EntryFolder, read_folder, stamps
from gateway.cli.demo import catalogue as demo
from gateway.outbound.policy import AddressPolicy
from gateway.services.loader import Services
from tests.catalogue.entries import ARS
from tests.catalogue.towns import DESTINATION, ELSEWHERE, offer, told
from tests.shipped_services import own_services

FILE = "tangerhuette/a.toml"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "entries").mkdir()
    return tmp_path / "entries"


def write(folder: Path, text: str, name: str = "a.toml") -> None:
    (folder / name).write_text(text, encoding="utf-8")


def with_editorial(**facts: object) -> Services:
    """The house number service with editorial facts, or another stage."""
    service = own_services().get("hausnummer")
    stage = facts.pop("stage", service.definition.stage)
    changed = replace(service, definition=replace(service.definition, editorial=facts, stage=stage))
    return Services({"hausnummer": changed})


def test_a_service_of_ours_is_an_entry_with_what_its_file_says():
    urls = {"hausnummer": "https://rathaus.example/hausnummer"}
    means = {"person": ("bundid",), "organisation": ("mein-unternehmenskonto",)}
    made = offer(offered=("hausnummer",), urls=urls, means=means)
    (entry,) = made.entries
    assert made.findings == ()
    assert (entry.municipality, entry.service, entry.delivered_by) == (ARS, "hausnummer", "gateway")
    assert (entry.leika_key, entry.url, entry.destination_id) == ("99012021002000", urls["hausnummer"], DESTINATION)
    assert entry.titles == {"de": "Hausnummer beantragen", "en": "Apply for a house number"}
    assert set(entry.summaries) == set(entry.fees) == {"de", "en"}
    assert (entry.languages, entry.assurance) == (("de", "en"), "none")
    assert entry.means == ("bundid", "mein-unternehmenskonto")
    assert entry.life_cycle is LifeCycle.PUBLISHED
    assert entry.unit is not None
    assert (entry.unit.id, entry.unit.names) == ("rathaus", {"de": "Stadt Tangerhütte"})


def test_only_offered_services_are_entries_and_each_of_them():
    assert offer().entries == ()
    assert {entry.service for entry in offer(offered=("*",)).entries} == set(own_services().ids())


def test_a_service_without_a_key_is_told_and_given_none():
    made = offer(offered=("termin",), urls={"termin": "https://rathaus.example/termin"})
    assert [entry.leika_key for entry in made.entries] == [None]
    assert told(made, severity="info") == {("termin/service.toml#/leika_key", "no_leika")}
    assert told(made) == told(made, severity="warning") == set()


def test_a_draft_is_kept_as_one_whatever_else_is_said(folder):
    write(folder, 'format = 1\nid = "hausnummer"\ndelivered_by = "gateway"\nlife_cycle = "published"\n')
    for made in (
        offer(offered=("hausnummer",), services=with_editorial(stage="draft")),
        offer(folder, offered=("hausnummer",), services=with_editorial(stage="draft")),
    ):
        assert [(each.life_cycle, each.published_on(date.max)) for each in made.entries] == [(LifeCycle.DRAFT, False)]


def test_editorial_facts_of_a_service_are_those_of_its_entry():
    assessed = {"model": "2.0", "level": 3, "assessed_on": "2026-01-31", "criteria": {"K1": "erfüllt"}}
    module = {
        "module": "06",
        "text": {"de": "<p>Lang</p>"},
        "links": [{"uri": "https://a.example/", "title": {"de": "A"}}],
    }
    services = with_editorial(maturity=[assessed], modules=[module], payment=["epayment"], valid_from="2026-02-01")
    (entry,) = offer(offered=("hausnummer",), services=services).entries
    assert entry.maturities == (Maturity("2.0", 3, date(2026, 1, 31), {"K1": "erfüllt"}),)
    assert entry.modules[0].texts == {"de": "<p>Lang</p>"}
    assert entry.modules[0].links[0].titles == {"de": "A"}
    assert (entry.payment, entry.valid_from) == (("epayment",), date(2026, 2, 1))


def test_faults_of_editorial_facts_have_their_place_in_the_service_s_file():
    assessed = {"model": "2.0", "level": 8, "assessed_on": "2026-01-31"}
    services = with_editorial(maturity=[assessed], valid_from="2026-02-01", valid_until="2026-02-01")
    made = offer(offered=("hausnummer",), services=services)
    assert (made.entries, made.refused) == ((), {"hausnummer"})
    assert told(made) == {
        ("hausnummer/service.toml#/maturity/level", "entry_level"),
        ("hausnummer/service.toml#/catalogue/valid_until", "entry_validity"),
    }


def test_a_service_that_runs_elsewhere_is_a_file(folder):
    write(folder, ELSEWHERE)
    made = offer(folder)
    (entry,) = made.entries
    assert told(made) == set()
    assert (entry.service, entry.delivered_by, entry.leika_key) == ("wohnsitz-anmelden", "elsewhere", "99115005104000")
    assert (entry.languages, entry.destination_id, entry.example) == (("de",), None, False)
    assert made.complete


def test_a_file_of_the_same_id_changes_what_a_municipality_may_say(folder):
    url = "https://anders.example/"
    write(folder, f'format = 1\nid = "hausnummer"\ndelivered_by = "gateway"\nurl = "{url}"\n[title]\nde = "Nummer"\n')
    made = offer(folder, offered=("hausnummer",), urls={"hausnummer": "https://rathaus.example/"})
    (entry,) = made.entries
    assert (entry.url, entry.titles, entry.leika_key) == (url, {"de": "Nummer"}, "99012021002000")
    assert entry.summaries, "what the file does not say stays"
    write(
        folder,
        'format = 1\nid = "hausnummer"\ndelivered_by = "gateway"\nleika_key = "99012021002001"\nassurance = "none"',
    )
    made = offer(folder, offered=("hausnummer",))
    assert told(made) == {
        (f"{FILE}#/leika_key", "entry_fact_of_service"),
        (f"{FILE}#/assurance", "entry_fact_of_service"),
    }
    assert made.entries == ()


def test_a_service_of_ours_is_withdrawn_by_a_file_also_when_it_is_gone(folder):
    write(folder, 'format = 1\nid = "hausnummer"\ndelivered_by = "gateway"\nlife_cycle = "withdrawn"\n')
    assert offer(folder, offered=("hausnummer",)).entries[0].life_cycle is LifeCycle.WITHDRAWN
    gone = ELSEWHERE.replace("format = 1", 'format = 1\ndelivered_by = "gateway"')
    write(folder, gone)
    assert told(offer(folder)) == {(f"{FILE}#/id", "entry_not_ours")}
    write(folder, gone.replace("format = 1", 'format = 1\nlife_cycle = "withdrawn"'))
    (entry,) = offer(folder).entries
    assert (entry.delivered_by, entry.life_cycle) == ("gateway", LifeCycle.WITHDRAWN)


def test_ids_that_clash_are_refused_on_both_sides(folder):
    write(folder, ELSEWHERE.replace("wohnsitz-anmelden", "termin"))
    made = offer(folder, offered=("termin", "hausnummer"))
    assert told(made) == {(f"{FILE}#/id", "entry_id_taken")}
    assert ({each.service for each in made.entries}, made.refused) == ({"hausnummer"}, {"termin"})
    write(folder, ELSEWHERE)
    write(folder, ELSEWHERE, "b.toml")
    made = offer(folder)
    assert told(made) == {("tangerhuette/b.toml#/id", "entry_twice")}
    assert (made.entries, made.refused) == ((), {"wohnsitz-anmelden"})


def test_one_key_twice_in_an_area_is_refused_unless_their_times_part(folder):
    write(folder, ELSEWHERE.replace("99115005104000", "99012021002000"))
    made = offer(folder, offered=("hausnummer",))
    assert told(made) == {(f"{FILE}#/leika_key", "entry_key_twice")}
    assert (made.entries, made.refused) == ((), {"hausnummer", "wohnsitz-anmelden"})
    first = ELSEWHERE.replace("[title]", "valid_until = 2026-07-01\n[title]")
    second = ELSEWHERE.replace("wohnsitz-anmelden", "neu").replace("[title]", "valid_from = 2026-07-01\n[title]")
    write(folder, first)
    write(folder, second, "b.toml")
    assert len(offer(folder).entries) == 2
    write(folder, first.replace("2026-07-01", "2026-07-02"))
    assert {rule for _, rule in told(offer(folder))} == {"entry_key_twice"}
    write(folder, first.replace("valid_until = 2026-07-01", 'life_cycle = "withdrawn"'))
    assert len(offer(folder).entries) == 2


def added(line: str) -> str:
    return ELSEWHERE.replace("[title]", f"{line}\n[title]")


@pytest.mark.parametrize(
    ("text", "place", "rule"),
    [
        ("format = ", "/1", "entry_not_toml"),
        (ELSEWHERE.replace("format = 1", "format = 2"), "/format", "entry_const"),
        (added("odd = 1"), "", "entry_additionalproperties"),
        (ELSEWHERE.replace("99115005104000", "9911500510400"), "/leika_key", "entry_pattern"),
        (ELSEWHERE.replace("99115005104000", "98115005104000"), "/leika_key", "entry_pattern"),
        (ELSEWHERE.replace('leika_key = "99115005104000"\n', ""), "/leika_key", "entry_missing"),
        (ELSEWHERE.partition("[title]")[0], "/title", "entry_missing"),
        (ELSEWHERE.replace("de =", "en ="), "/title/de", "entry_required"),
        (ELSEWHERE + 'fr = "x"', "/title", "entry_additionalproperties"),
        (ELSEWHERE.replace("Wohnsitz anmelden", "  "), "/title/de", "entry_blank"),
        (ELSEWHERE.replace("Wohnsitz anmelden", "Wohnsitz\\nanmelden"), "/title/de", "entry_characters"),
        (ELSEWHERE.replace("Wohnsitz anmelden", "Wohnsitz \u202e"), "/title/de", "entry_characters"),
        (ELSEWHERE.replace("Wohnsitz anmelden", "Wohnsitz 住所"), "/title/de", "entry_characters"),
        (ELSEWHERE.replace("Wohnsitz anmelden", "<b>Wohnsitz</b>"), "/title/de", "entry_markup"),
        (ELSEWHERE + '[summary]\nde = "' + "x" * 1_000_000 + '"', "/summary/de", "entry_text_too_long"),
        (ELSEWHERE + '[summary]\nde = "x<script>y</script>"', "/summary/de", "entry_markup"),
        (added('languages = ["de", "fr"]'), "/languages/1", "entry_enum"),
        (added("languages = []"), "/languages", "entry_minitems"),
        (added('assurance = "some"'), "/assurance", "entry_enum"),
        (added("valid_from = 2026-02-01\nvalid_until = 2026-01-31"), "/valid_until", "entry_validity"),
        (added('valid_from = "morgen"'), "/valid_from", "entry_format"),
        (added("valid_from = 2026-02-01T12:00:00Z"), "/valid_from", "entry_format"),
        (added('unit = "bauamt"'), "/unit", "entry_unit_unknown"),
        (ELSEWHERE.replace("https://", "javascript://"), "/url", "entry_address_scheme"),
        (ELSEWHERE.replace("https://", "https://a:b@"), "/url", "entry_address_login"),
        (ELSEWHERE.replace("rathaus.example", "192.168.0.1"), "/url", "entry_address_private"),
        (ELSEWHERE.replace("https://rathaus.example/wohnsitz", "rathaus"), "/url", "entry_address_scheme"),
        (
            ELSEWHERE + '[maturity]\nmodel = "1.1"\nlevel = 5\nassessed_on = 2026-01-01',
            "/maturity/level",
            "entry_level",
        ),
        (
            ELSEWHERE + '[maturity]\nmodel = "2.0"\nlevel = -1\nassessed_on = 2026-01-01',
            "/maturity/level",
            "entry_level",
        ),
        (ELSEWHERE + '[maturity]\nmodel = "3.0"\nlevel = 1\nassessed_on = 2026-01-01', "/maturity/model", "entry_enum"),
        (
            ELSEWHERE + '[maturity]\nmodel = "2.0"\nlevel = 1\nassessed_on = 2026-01-01\nevidence = "javascript:x"',
            "/maturity/evidence",
            "entry_address_scheme",
        ),
        (
            ELSEWHERE + '[maturity]\nmodel = "2.0"\nlevel = 1\nassessed_on = 2026-01-01\ncriteria = { "<b>" = "x" }',
            "/maturity/criteria",
            "entry_markup",
        ),
        (
            ELSEWHERE + 2 * '[[maturity]]\nmodel = "2.0"\nlevel = 1\nassessed_on = 2026-01-01\n',
            "/maturity/1/model",
            "entry_model_twice",
        ),
        (ELSEWHERE + '[[modules]]\nmodule = "06"\ntext.de = "<img>"', "/modules/0/text/de", "entry_html_element"),
        (ELSEWHERE + '[[modules]]\nmodule = "06"\ntext.de = "<p id=a>"', "/modules/0/text/de", "entry_html_attribute"),
        (ELSEWHERE + '[[modules]]\nmodule = "06"\ntext.de = "<!-- a -->"', "/modules/0/text/de", "entry_html_other"),
        (
            ELSEWHERE + '[[modules]]\nmodule = "06"\ntext.de = "a</p>"',
            "/modules/0/text/de",
            "entry_html_read_otherwise",
        ),
        (ELSEWHERE + '[[modules]]\nmodule = "06"\ntext.de = "<p> </p>"', "/modules/0/text/de", "entry_blank"),
        (ELSEWHERE + '[[modules]]\nmodule = "06"\ntext.de = "&#x202e;"', "/modules/0/text/de", "entry_characters"),
        (
            ELSEWHERE + '[[modules]]\nmodule = "06"\ntext.de = "<p>' + "x" * 1_000_000 + '</p>"',
            "/modules/0/text/de",
            "entry_text_too_long",
        ),
        (ELSEWHERE + 2 * '[[modules]]\nmodule = "06"\ntext.de = "a"\n', "/modules/1/module", "entry_module_twice"),
        (
            ELSEWHERE
            + '[[modules]]\nmodule = "06"\ntext.de = "a"\nlinks = [{ uri = "http://a.example", title.de = "A" }]',
            "/modules/0/links/0/uri",
            "entry_address_scheme",
        ),
        (
            ELSEWHERE
            + '[[modules]]\nmodule = "06"\ntext.de = "a"\nlinks = [{ uri = "https://a.example", title.de = "" }]',
            "/modules/0/links/0/title/de",
            "entry_minlength",
        ),
    ],
)
def test_each_fault_of_a_file_is_told_at_its_place_and_nothing_of_it_is_published(folder, text, place, rule):
    write(folder, text)
    made = offer(folder)
    assert told(made) == {(f"{FILE}#{place}" if place or rule != "entry_not_toml" else FILE, rule)}
    assert made.entries == ()
    for each in made.findings:
        assert each.de != each.en
        assert not re.search(r"\{(0|[a-z_]+)\}", each.de + each.en)


def test_every_fault_of_every_file_is_told_at_once(folder):
    write(folder, added("odd = 1\nvalid_from = 1"))
    write(
        folder,
        ELSEWHERE.replace("wohnsitz-anmelden", "zwei").replace("https:", "data:") + '[fee]\nde = "<b>x</b>"',
        "b.toml",
    )
    assert told(offer(folder)) == {
        (f"{FILE}#", "entry_additionalproperties"),
        (f"{FILE}#/valid_from", "entry_type"),
        ("tangerhuette/b.toml#/url", "entry_address_scheme"),
        ("tangerhuette/b.toml#/fee/de", "entry_markup"),
    }


def test_a_sound_file_beside_a_faulty_one_is_an_entry(folder):
    write(folder, added("odd = 1"))
    write(folder, ELSEWHERE.replace("wohnsitz-anmelden", "zwei"), "b.toml")
    made = offer(folder)
    assert [each.service for each in made.entries] == ["zwei"]
    assert (made.refused, made.complete) == ({"wohnsitz-anmelden"}, True)


def test_a_unit_that_one_file_describes_may_be_named_by_others(folder):
    unit = '[unit]\nid = "bauamt"\nname.de = "Bauamt"\nstreet = "Weg 1"\nzip_code = "39517"\ncity = "Tangerhütte"\n'
    write(folder, ELSEWHERE + unit, "z.toml")
    write(folder, added('unit = "bauamt"').replace("wohnsitz-anmelden", "zwei").replace("99115005104000", "none"))
    assert {each.unit and each.unit.names["de"] for each in offer(folder).entries} == {"Bauamt"}
    other = ELSEWHERE.replace("wohnsitz-anmelden", "zwei").replace("99115005104000", "none")
    write(folder, other + unit.replace("Weg 1", "Weg 2"))
    made = offer(folder)
    assert told(made) == {("tangerhuette/z.toml#/unit", "entry_unit_contradicts")}
    assert made.refused == {"wohnsitz-anmelden"}


def test_a_unit_with_a_fault_holds_back_the_entries_that_name_it(folder):
    write(folder, ELSEWHERE)
    unit = {"name": "Stadt \u202e", "street": "Weg 1", "zip_code": "39517", "city": "Tangerhütte"}
    made = offer(folder, unit=unit)
    assert told(made) == {("tangerhuette.catalogue.unit.name", "entry_characters")}
    assert (made.entries, made.refused) == ((), {"wohnsitz-anmelden"})


def test_what_an_entry_lacks_is_a_warning(folder):
    write(folder, ELSEWHERE.replace('url = "https://rathaus.example/wohnsitz"\n', ""))
    made = offer(folder, unit=None)
    assert told(made, severity="warning") == {
        (f"{FILE}#/url", "entry_without_url"),
        (f"{FILE}#/unit", "entry_without_unit"),
    }
    assert len(made.entries) == 1


def test_an_address_for_a_service_that_is_not_offered_is_told():
    made = offer(offered=("hausnummer",), urls={"termin": "https://a.example/", "hausnummer": "http://a.example/"})
    assert told(made) == {
        ("tangerhuette.catalogue.urls.termin", "entry_unknown_service"),
        ("tangerhuette.catalogue.urls.hausnummer", "entry_address_scheme"),
    }


def test_languages_that_nobody_takes_are_told():
    service = own_services().get("hausnummer")
    changed = replace(service, definition=replace(service.definition, languages=("de", "pl")))
    made = offer(offered=("hausnummer",), services=Services({"hausnummer": changed}))
    assert told(made) == {("hausnummer/service.toml#/languages", "entry_language")}


def test_files_that_are_none_are_told_by_name(folder, tmp_path):
    (tmp_path / "outside.toml").write_text(ELSEWHERE)
    (folder / "a.toml").symlink_to(tmp_path / "outside.toml")
    (folder / "b.toml").symlink_to(folder / "gone.toml")
    os.mkfifo(folder / "c.toml")
    (folder / "d.toml").mkdir()
    write(folder, "# " + "x" * (4 << 20), "e.toml")
    (folder / "f.toml").symlink_to("f.toml")
    (folder / "g.toml").write_bytes(b'id = "\xff"')
    write(folder, "", "_left_out.toml")
    write(folder, "", "notes.txt")
    made = offer(folder)
    assert told(made) == {
        ("tangerhuette/a.toml", "entry_file_outside"),
        ("tangerhuette/b.toml", "entry_file_unreadable"),
        ("tangerhuette/c.toml", "entry_file_unreadable"),
        ("tangerhuette/d.toml", "entry_file_unreadable"),
        ("tangerhuette/e.toml", "entry_file_too_large"),
        ("tangerhuette/f.toml", "entry_file_unreadable"),
        ("tangerhuette/g.toml#/1", "entry_not_toml"),
    }
    assert not made.complete, "nobody knows which entries they hold"


def test_links_inside_the_folder_are_read(folder):
    (folder / "..data").mkdir()  # as orchestrators mount files
    write(folder / "..data", ELSEWHERE)
    (folder / "a.toml").symlink_to("..data/a.toml")
    assert len(offer(folder).entries) == 1


def test_a_folder_that_is_none_is_told_and_says_nothing_of_its_entries(tmp_path):
    made = offer(tmp_path / "none", offered=("hausnummer",))
    assert told(made) == {("tangerhuette.catalogue.dir", "entry_folder")}
    assert ([each.service for each in made.entries], made.complete) == (["hausnummer"], False)


def test_stamps_tell_that_a_file_changed(folder):
    seen = [stamps(folder)]
    write(folder, ELSEWHERE)
    seen.append(stamps(folder))
    write(folder, ELSEWHERE + "# neu")
    seen.append(stamps(folder))
    (folder / "a.toml").unlink()
    (folder / "a.toml").symlink_to("nowhere")
    seen.append(stamps(folder))
    write(folder, ELSEWHERE, "b.toml")
    seen.append(stamps(folder))
    assert len(set(seen)) == 5
    assert stamps(folder / "none") == ()


def known(*made):
    return {entry.service: entry for entry in made}


def test_a_renamed_file_is_no_second_listing_of_its_service(folder):
    write(folder, ELSEWHERE)
    (before,) = offer(folder).entries
    write(folder, ELSEWHERE.replace("wohnsitz-anmelden", "wohnsitz"))
    made = offer(folder, registered=known(before))
    vanished = ("tangerhuette/wohnsitz-anmelden", "entry_vanished")
    assert told(made) == {("tangerhuette/a.toml#/leika_key", "entry_key_twice"), vanished}
    assert made.entries == ()
    for over in (replace(before, life_cycle=LifeCycle.WITHDRAWN), replace(before, valid_until=date(2026, 1, 1))):
        begun = ELSEWHERE.replace("wohnsitz-anmelden", "wohnsitz").replace("url =", "valid_from = 2026-01-01\nurl =")
        write(folder, begun)
        assert told(offer(folder, registered=known(over))) <= {vanished}


def test_an_entry_that_no_file_names_any_more_is_told_unless_it_may_vanish(folder):
    write(folder, ELSEWHERE)
    (before,) = offer(folder).entries
    (folder / "a.toml").unlink()
    for life_cycle in LifeCycle:
        made = offer(folder, registered=known(replace(before, life_cycle=life_cycle)))
        may = life_cycle in {LifeCycle.DRAFT, LifeCycle.WITHDRAWN}
        assert [each.rule for each in made.findings] == ([] if may else ["entry_vanished"]), life_cycle
    write(folder, "id =", "b.toml")
    assert "entry_vanished" not in {rule for _, rule in told(offer(folder, registered=known(before)))}, "or it is there"


def test_a_key_that_an_entry_with_a_fault_keeps_is_taken_whoever_comes_after(folder):
    keys = ("99115005104000", "99012021002000", "99102013104000")
    texts = [
        ELSEWHERE.replace("wohnsitz-anmelden", name).replace(keys[0], key)
        for name, key in zip("abc", keys, strict=True)
    ]
    texts = [text.replace('id = "', 'id = "id-') for text in texts]
    for name, text in zip("abc", texts, strict=True):
        write(folder, text, f"{name}.toml")
    before = offer(folder).entries
    assert len(before) == 3
    write(folder, texts[0].replace("https://", "javascript:"), "a.toml")
    write(folder, texts[1].replace(keys[1], keys[0]), "b.toml")
    write(folder, texts[2].replace(keys[2], keys[1]), "c.toml")
    made = offer(folder, registered=known(*before))
    assert told(made) >= {("tangerhuette/b.toml#/leika_key", "entry_key_twice"),
                          ("tangerhuette/c.toml#/leika_key", "entry_key_twice")}  # fmt: skip
    assert made.entries == ()
    write(folder, texts[0].replace(keys[0], keys[2]), "a.toml")
    assert len(offer(folder, registered=known(*before)).entries) == 3, "three that change their keys in a circle"


def test_the_id_of_a_withdrawn_service_is_never_another_s(folder):
    write(folder, ELSEWHERE)
    (before,) = offer(folder).entries
    withdrawn = known(replace(before, life_cycle=LifeCycle.WITHDRAWN))
    assert len(offer(folder, registered=withdrawn).entries) == 1, "it may come back itself"
    for key, life_cycle in (("99012021002000", "published"), ("none", "draft"), ("99012021002000", "withdrawn")):
        text = ELSEWHERE.replace("99115005104000", key).replace("url =", f'life_cycle = "{life_cycle}"\nurl =')
        write(folder, text)
        made = offer(folder, registered=withdrawn)
        assert told(made) == {("tangerhuette/a.toml#/leika_key", "entry_id_used")}
        assert made.entries == ()


def test_what_is_said_of_probes_is_said_of_an_entry(folder):
    write(folder, ELSEWHERE)
    window = {"begins": datetime(2026, 12, 1, tzinfo=UTC), "ends": datetime(2026, 12, 2, tzinfo=UTC)}
    probes = {
        "probe_texts": {"wohnsitz-anmelden": "Wohnsitz", "wohnsitz": "Wohnsitz", "hausnummer": "Hausnummer"},
        "maintenance": [window, {**window, "services": ["wohnsitz-anmelden", "termin"]}],
    }
    assert told(offer(folder, offered=("hausnummer",), **probes)) == {
        ("tangerhuette.catalogue.probe_texts.wohnsitz", "entry_unknown"),
        ("tangerhuette.catalogue.maintenance.1.services", "entry_unknown"),
    }
    write(folder, "?", "b.toml")
    assert "entry_unknown" not in {rule for _, rule in told(offer(folder, offered=("hausnummer",), **probes))}


@pytest.mark.parametrize("name", [b"\xff.toml", b"\x1b[31m.toml", "\u202e.toml".encode(), b"a\nb.toml"])
def test_a_file_of_any_name_can_be_told_of(folder, name):
    Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_text("format = 2\n", encoding="utf-8")
    findings = offer(folder).findings
    assert findings
    assert all(each.pointer.isprintable() for each in findings)


def test_decomposed_letters_are_the_same_state(folder):
    write(folder, ELSEWHERE.replace("Wohnsitz", "Häuser"))
    (one,) = offer(folder).entries
    write(folder, ELSEWHERE.replace("Wohnsitz", "Ha\u0308user"))
    (other,) = offer(folder).entries
    assert entry_json.digest(one) == entry_json.digest(other)


LINES = ['url = "https://a.example/"', 'languages = ["de", "en"]', 'assurance = "high"', 'payment = ["epayment"]',
         "valid_from = 2026-01-01", "example = true", 'deadline = { de = "Bald", en = "Soon" }']  # fmt: skip


@given(st.permutations(LINES))
def test_the_order_of_keys_makes_no_other_state(tmp_path_factory, lines):
    folder = tmp_path_factory.mktemp("entries")
    head = ELSEWHERE.replace('url = "https://rathaus.example/wohnsitz"\n', "")
    digests = set()
    for order in (LINES, lines):
        write(folder, head.replace("[title]", "\n".join(order) + "\n[title]"))
        (entry,) = offer(folder).entries
        digests.add(entry_json.digest(entry))
        assert entry_json.of_json(entry_json.as_json(entry)) == entry
    assert len(digests) == 1


def test_no_sentence_is_without_an_example():
    """Each rule is asked for by name somewhere in the tests of entries."""
    here = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("*.py"))
    here += (Path(__file__).parents[1] / "wiring/test_catalogue_registry.py").read_text(encoding="utf-8")
    assert {rule for rule in sentences.SENTENCES if f'"{rule}"' not in here} == set()


def test_the_demo_s_town_offers_22_services_each_with_a_page_and_its_own_key(tmp_path):
    pages = "http://127.0.0.1:8081/pages"
    folder = demo.entry_files(tmp_path, pages)
    urls = {service: f"{pages}/{service}" for service in own_services().ids()}
    loopback = PublicAddresses(AddressPolicy.of(("loopback",)), test=True)
    made = offer(folder, offered=("*",), urls=urls, addresses=loopback)
    assert told(made) == told(made, severity="warning") == set()
    assert len(made.entries) == 22
    keys = [entry.leika_key for entry in made.entries if entry.leika_key]
    assert len(keys) == len(set(keys)) == 16
    assert all(entry.url == f"{pages}/{entry.service}" for entry in made.entries)
    elsewhere = [entry for entry in made.entries if entry.delivered_by == "elsewhere"]
    assert len(elsewhere) == 13
    for entry in elsewhere:
        assert entry.example
        assert set(entry.titles) == set(entry.summaries) == set(entry.fees) == {"de", "en"}
        assert entry.languages == ("de", "en")
        assert entry.unit is not None
        assert entry.modules


def test_the_demo_s_keys_are_of_the_list_with_known_labels(tmp_path):
    verified = Path(__file__).parents[3] / "shared/data/leika/leika_keys.csv"
    if not verified.is_file():
        pytest.skip("the list of LeiKa keys is not beside the checkout")
    rows = [line.rsplit(",", 2) for line in verified.read_text(encoding="utf-8").splitlines()[1:]]
    known = {row[0][:14] for row in rows if row[1] == "VERIFIED"}
    made = offer(demo.entry_files(tmp_path, "https://stadt.example"))
    assert {entry.leika_key for entry in made.entries} <= known


def test_an_empty_folder_is_read_as_one(folder):
    assert read_folder(folder, "tangerhuette") == EntryFolder()


MAILS = {
    "rathaus@tangerhuette.example": set(),
    "bürgerbüro+x@städte.de": set(),
    "javascript:alert(1)": {"entry_unit_mail"},
    "rathaus": {"entry_unit_mail"},
    "rathaus@localhost": {"entry_unit_mail"},
    "a@b.example, c@d.example": {"entry_unit_mail"},
    "a@b.example?bcc=c@d.example": {"entry_unit_mail"},
    "Rathaus a@b.example": {"entry_unit_mail"},
}


@pytest.mark.parametrize("mail", MAILS)
def test_the_mail_address_of_a_unit_is_one(folder, mail):
    unit = {"name": "Stadt", "street": "Weg 1", "zip_code": "39517", "city": "Tangerhütte", "mail": mail}
    assert told(offer(unit=unit)) == {("tangerhuette.catalogue.unit.mail", rule) for rule in MAILS[mail]}
    table = (
        f'[unit]\nid = "amt"\nname.de = "Amt"\nstreet = "Weg 1"\nzip_code = "39517"\ncity = "Ort"\nmail = "{mail}"\n'
    )
    write(folder, ELSEWHERE + table)
    assert told(offer(folder)) == {("tangerhuette/a.toml#/unit/mail", rule) for rule in MAILS[mail]}
