"""The page of the readable application, in Typst.

Knows: layout, headings, lines of label and value, tables and their tags. Never does: hold a value; all come in `data`.
Standard: PDF/UA-1 (ISO 14289-1) as Typst writes it. Start reading: `TEMPLATE`.

A label with its value is a paragraph with the label marked strong, repeated groups are tables. Every application pays
for this page, so what costs Typst a tenth or more of its time is left out: description lists (15 %), and lines broken
by paragraph instead of one by one (10 %). What head and foot need is bound outside them: a function that captures
`data` is compared with all of it on every page (60 %). The names of an application stand in the head by a query, since
a page that differs in itself has everything laid out anew that other applications share (35 %).

Words stay whole, so that a document system finds them: one is broken only where it is wider than its line, between
letters, by boxes without content, which leave no character behind. A column of a table is at least as wide as its
widest word; where these do not fit side by side, the table becomes a numbered list. Measuring costs a twentieth, so
nothing is measured of a table that `words.py` knows to fit. What can be higher than a page may
be broken across pages.
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
#let before-number = data.foot + " – " + words.page + " "
#let before-total = " " + words.of + " "
#let room = 16.6cm
#let apart(word) = {
  let letters = if "\u{35f}" not in word { word.clusters() } else { // this mark belongs to two letters
    word.matches(regex("(?:\P{M}\p{M}*\x{35F}\p{M}*)*\P{M}\p{M}*|\p{M}+")).map(found => found.text)
  }
  letters.join(box())
}
#let names = text(size: 8pt, data.names.map(((key, name)) => {
  box(key + ": " + if name.len() > 40 { apart(name) } else { name })
}).join([ #h(0.8em) ]))
#set page(
  paper: "a4",
  margin: (x: 2.2cm, top: 2.6cm, bottom: 2.4cm),
  header: context query(<names>).map(one => one.value).join(),
  numbering: (number, total) => before-number + str(number) + before-total + str(total),
)
#set par(leading: 0.6em, spacing: 0.75em, hanging-indent: 1.5em, linebreaks: "simple")
#set table(stroke: (x, y) => (bottom: 0.5pt + luma(150)), inset: (x: 4pt, y: 5pt))
#show table.cell.where(y: 0): set text(weight: "bold")
#show heading.where(level: 1): set text(size: 14pt)
#show heading.where(level: 1): set block(above: 1.8em, below: 1em)
#show heading.where(level: 2): set text(size: 11.5pt)
#show heading.where(level: 2): set block(above: 1.5em, below: 0.9em)

#let whole(value) = if type(value) == str { value } else {
  for (number, piece) in value.enumerate() {
    if calc.even(number) { piece } else {
      context if measure(piece).width <= room - 16.5pt { piece } else { apart(piece) }
    }
  }
}
#let parted(value) = if type(value) == str { value } else { // for what is an entry of the outline too
  value.enumerate().map(((number, piece)) => if calc.even(number) { piece } else { apart(piece) }).join()
}
#let headed(level, value) = heading(level: level, parted(value))
#let pairs(rows) = for (label, value) in rows {
  par(strong(whole(label) + ":") + " " + whole(value))
}

#let widest(name, texts) = 8.5pt + calc.max(
  measure(text(weight: "bold", name.join(linebreak()))).width,
  measure(texts.dedup().join(linebreak())).width,
)
#let inside(texts) = texts.map(value => if value.len() < 24 and value.starts-with(regex("[-€0-9]")) {
  value // a number with its unit, a date with its time
} else { value.split() }).flatten() + ("",)
#let widths(names, rows) = {
  let columns = names.enumerate().map(((number, name)) => (name, rows.map(row => row.at(number))))
  let natural = columns.map(((name, values)) => widest((name,), values))
  if natural.sum() <= room { return natural }
  let least = columns.map(((name, values)) => widest(inside((name,)), inside(values)))
  let rest = room - least.sum()
  if rest < 0pt { return none }
  let wanted = natural.zip(least).map(((most, few)) => calc.min(most, room) - few)
  least.zip(wanted).map(((few, more)) => few + rest * (more / wanted.sum()))
}
#let ruled(columns, section) = {
  headed(section.level, section.heading)
  table(
    columns: columns,
    table.header(..section.columns.map(name => text(name))),
    ..section.rows.flatten().map(value => text(value)),
  )
}
#let listing(section) = if section.fits { ruled((auto,) * section.columns.len(), section) } else {
  context {
    let columns = widths(section.columns, section.rows)
    if columns != none { ruled(columns, section) } else {
      for row in section.rows {
        headed(section.level, section.heading + " " + row.first())
        pairs(section.columns.zip(row).slice(1).filter(((_, value)) => value != ""))
      }
    }
  }
}

#metadata(names) <names>
#title(parted(data.heading))
#pairs(data.head)
#for section in data.sections {
  if section.columns.len() > 0 {
    listing(section)
  } else {
    headed(section.level, section.heading)
    pairs(section.rows)
  }
}

#headed(1, words.attachments)
#if data.attachments.len() == 0 { words.none }
#for attachment in data.attachments {
  block(breakable: not attachment.together, above: 1.3em, {
    headed(2, attachment.title)
    pairs(attachment.rows)
  })
}
"""
"""The source after the one line that binds `data`; the same for every service, and no value is ever pasted into it."""
