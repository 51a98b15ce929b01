"""The ground of all pages for people: layout, languages, style, and the headers that a page has.

Knows: Jinja2 templates, gettext catalogues, KERN's files, W3C CSP 3. Never does: decide what a page says.
Standards: WCAG 2.2, CSP 3. Start reading: `page.page`.
"""
