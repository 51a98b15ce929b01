"""Form schemas: XDatenfelder read into values.

Knows: what a form schema, a field group and a field are, how XDatenfelder 2.0 and 3.0.0 write them, code lists in
genericode, and the spellings of patterns. Never does: guess what a file does not say, open a file, follow a reference
out of the file. Standard: XDatenfelder 2.0 and 3.0.0 (FITKO), genericode 1.0 (OASIS).
Start reading: `reading.read`, then `model.py`. What a file says that a document cannot carry stands in `notes`, what
could not be taken over in `FormSchema.notices`.
"""

from gateway.xoev.fim.model import Code, Field, FieldKind, FieldType, FormSchema, Group
from gateway.xoev.fim.reading import read

__all__ = ["Code", "Field", "FieldKind", "FieldType", "FormSchema", "Group", "read"]
