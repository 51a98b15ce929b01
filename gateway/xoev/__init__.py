"""Documents: from a form schema and a mapping to a valid document, its findings and its readable form.

Knows: hardened XML, DIN 91379, XDatenfelder 2.0 and 3.0.0, genericode, XFall XSDs, mappings, record schemas, readable
PDF.
Never does: I/O, clocks, randomness; it decides no way of delivery and knows no service by name.
Standard: XDatenfelder 2.0, 3.0.0 and XFall (FITKO), DIN 91379:2022-08, ISO Schematron, JSON Schema 2020-12, PDF/UA-1.
Start reading: `mapping.py` (what goes where), `filling.py` (record -> filled form),
`fim/` (form schemas), `xfall.py` (form -> XSD), `form_products.py` (everything made from a form schema),
`message/` (documents of any other schema set), `xbau/` (what authorities answer),
`schema_sets.py` (official XSDs, compiled offline).
"""
