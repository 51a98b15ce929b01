"""The page of the readable application, in Typst.

Knows: layout, headings, tables and their tags. Never does: hold a value; all come as JSON in `sys.inputs.data`.
Standard: PDF/UA-1 (ISO 14289-1) as Typst writes it. Start reading: `TEMPLATE`.
"""

from __future__ import annotations

from typing import Final

TEMPLATE: Final = r"""
#let data = json(bytes(sys.inputs.data))
#let words = data.words
#set document(title: data.title + " – " + data.municipality, author: data.municipality, description: data.title)
#set text(lang: data.language, region: if data.language == "de" { "DE" } else { "GB" }, font: "Libertinus Serif",
  size: 10.5pt, hyphenate: false)
#set page(
  paper: "a4",
  margin: (x: 2.2cm, top: 2.2cm, bottom: 2.4cm),
  footer: context {
    set text(size: 8.5pt)
    grid(
      columns: (1fr, auto),
      [#data.municipality · #data.title],
      [#words.page #counter(page).display() #words.of #counter(page).final().first()],
    )
  },
)
#set par(leading: 0.6em)
#set table(
  stroke: (x, y) => (bottom: 0.5pt + luma(150)),
  inset: (x: 4pt, y: 5pt),
)
#show table.cell.where(y: 0): set text(weight: "bold")
#show heading.where(level: 1): set text(size: 14pt)
#show heading.where(level: 1): set block(above: 1.6em, below: 0.8em)
#show heading.where(level: 2): set text(size: 11.5pt)
#show heading.where(level: 2): set block(above: 1.2em, below: 0.6em)
#show raw: set text(font: "DejaVu Sans Mono", size: 8pt)

#title()

#table(
  columns: (5.6cm, 1fr),
  table.header[#words.what][#words.content],
  ..data.head.map(row => (text(row.at(0)), text(row.at(1)))).flatten(),
)

#for section in data.sections {
  heading(level: section.level, section.heading)
  if section.columns.len() > 0 {
    table(
      columns: section.columns.map(_ => 1fr),
      table.header(..section.columns.map(name => [#name])),
      ..section.rows.flatten().map(value => text(value)),
    )
  } else if section.rows.len() > 0 {
    table(
      columns: (5.6cm, 1fr),
      table.header[#words.what][#words.content],
      ..section.rows.flatten().map(value => text(value)),
    )
  }
}

#heading(level: 1, words.attachments)
#if data.attachments.len() == 0 {
  words.none
} else {
  for attachment in data.attachments {
    heading(level: 2, attachment.title)
    table(
      columns: (5.6cm, 1fr),
      table.header[#words.what][#words.content],
      [#words.filename], text(attachment.filename),
      [#words.media_type], text(attachment.media_type),
      [#words.size], text(attachment.size),
      [SHA-256], raw(attachment.sha256),
    )
  }
}
"""
"""The whole source; it is the same for every service and never has a value pasted into it."""
