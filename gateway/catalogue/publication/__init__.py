"""What is said to everybody: status page, feed of outages and signed report, made of one and the same look.

Knows: which entries count, what availability is, the report's bytes and its signature. Never does: SQL, HTTP, HTML.
Standard: RFC 8785 (report), RFC 7515 appendix F (signature), RFC 4287 (feed). Start reading: `town`, then `report`.
"""
