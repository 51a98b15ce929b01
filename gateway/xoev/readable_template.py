"""The page of the readable application, in Typst.

Knows: layout, headings, lines of label and value, tables and their tags. Never does: hold a value; all come in `data`.
Standard: PDF/UA-1 (ISO 14289-1) as Typst writes it. Start reading: `TEMPLATE`.

A label with its value is a paragraph with the label marked strong, repeated groups are tables. Every application pays
for this page, so what costs Typst a tenth or more of its time is left out: description lists (15 %), and lines broken
by paragraph instead of one by one (10 %). What the footer needs is bound outside it: a function that captures `data`
is compared with all of it on every page (60 %).
"""

from __future__ import annotations

from typing import Final

TEMPLATE: Final = r"""
#let words = data.words
#set document(
  title: data.title + " – " + data.municipality,
  author: data.municipality,
  description: data.title,
)
#set text(
  lang: data.language,
  region: if data.language == "de" { "DE" } else { "GB" },
  font: "Libertinus Serif",
  size: 11pt,
  hyphenate: false,
)
#let before-number = data.title + " – " + words.page + " "
#let before-total = " " + words.of + " "
#set page(
  paper: "a4",
  margin: (x: 2.2cm, top: 2.2cm, bottom: 2.4cm),
  numbering: (number, total) => before-number + str(number) + before-total + str(total),
)
#set par(leading: 0.6em, spacing: 0.75em, hanging-indent: 1.5em, linebreaks: "simple")
#set table(stroke: (x, y) => (bottom: 0.5pt + luma(150)), inset: (x: 4pt, y: 5pt))
#show table.cell.where(y: 0): set text(weight: "bold")
#show heading.where(level: 1): set text(size: 14pt)
#show heading.where(level: 1): set block(above: 1.8em, below: 1em)
#show heading.where(level: 2): set text(size: 11.5pt)
#show heading.where(level: 2): set block(above: 1.5em, below: 0.9em)

#let pairs(rows) = for row in rows { par(strong(row.at(0) + ":") + " " + row.at(1)) }
#let listing(columns, names, rows) = table(
  columns: columns,
  table.header(..names.map(name => text(name))),
  ..rows.flatten().map(value => text(value)),
)

#title()

#pairs(data.head)

#for section in data.sections {
  heading(level: section.level, section.heading)
  if section.columns.len() > 0 {
    let table = listing((auto,) * section.columns.len(), section.columns, section.rows)
    if section.rows.len() > 6 { table } else { block(breakable: false, table) }
  } else if section.rows.len() > 0 {
    pairs(section.rows)
  }
}

#heading(level: 1, words.attachments)
#if data.attachments.len() == 0 {
  words.none
} else {
  for attachment in data.attachments {
    block(breakable: false, above: 1.3em, {
      heading(level: 2, attachment.title)
      pairs(attachment.rows)
    })
  }
}
"""
"""The source after the one line that binds `data`; the same for every service, and no value is ever pasted into it."""
