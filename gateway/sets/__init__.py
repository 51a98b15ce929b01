"""Schema sets and code lists on disk: which there are, how they come in, what is refused.

Knows: the manifest of official sets, the folder of installed ones, ZIP archives, the XRepository.
Never does: edit a file, install half a set, trust a file that neither the manifest nor the operator names.
Standard: none of its own; what is inside the files is the business of `gateway.xoev`.
Start reading: `installed.py` (what is there), then `install.py` (how it came in).
"""
