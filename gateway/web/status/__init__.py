"""What everybody may see of the municipalities' online services: status pages, feed of outages, signed report.

Knows: addresses, pages, how long an answer may be kept. Never does: cookies, scripts, personal data.
Standards: RFC 9110, RFC 9111, RFC 4287, WCAG 2.2. Start reading: `routes`.
"""
