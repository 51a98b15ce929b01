"""XZuFi as an editorial system writes it, by hand: two Leistungen, one online service, its responsibility."""

from __future__ import annotations

NS = "http://xoev.de/schemata/xzufi/2_3_1"
LEISTUNG = (
    '<x:leistung><x:id schemeAgencyID="L100042">11</x:id><x:modulText><x:leikaTextmodul><code>02</code>'
    '</x:leikaTextmodul><x:inhalt languageCode="de">Hausnummer</x:inhalt></x:modulText>'
    "<x:referenzLeistungsschluessel>99012021002000</x:referenzLeistungsschluessel></x:leistung>"
)
SERVICE = (
    '<x:onlinedienst><x:id schemeAgencyID="L100042">21</x:id><x:bezeichnung languageCode="de">Hausnummer beantragen'
    '</x:bezeichnung><x:link languageCode="de"><x:typ listURI="urn:xoev-de:fim:codeliste:onlinedienstlinktyp">'
    "<code>01</code></x:typ><x:link>https://rathaus.example/hausnummer</x:link><x:titel>Antrag</x:titel></x:link>"
    "<x:vertrauensniveau><code>10</code></x:vertrauensniveau></x:onlinedienst>"
)
RESPONSIBILITY = (
    "<x:zustaendigkeitTransferObjekt><x:uebergeordnetesObjektID>21</x:uebergeordnetesObjektID><x:zustaendigkeit>"
    '<x:id schemeAgencyID="L100042">31</x:id><x:leistungID>11</x:leistungID><x:gebietID>150900546546</x:gebietID>'
    "<x:rolle><code>01</code></x:rolle></x:zustaendigkeit></x:zustaendigkeitTransferObjekt>"
)
OBJECTS = (LEISTUNG, SERVICE, RESPONSIBILITY)


def transfer(*written: str, deleted: str = "", number: str = "t1", position: int = 1, ns: str = NS) -> bytes:
    changes = "".join(f"<x:schreibe>{each}</x:schreibe>" for each in written) + deleted
    return (
        f'<x:uebertragung xmlns:x="{ns}" produktbezeichnung="p" produkthersteller="h" xzufiVersion="2.3.1">'
        f"<x:nachrichtenkopf/><x:transaktionID>{number}</x:transaktionID>"
        f"<x:transaktionPosition>{position}</x:transaktionPosition>{changes}</x:uebertragung>"
    ).encode()


def deletion(kind: str, number: str) -> str:
    return f'<x:loesche klasse="{kind}"><x:id schemeAgencyID="L100042">{number}</x:id></x:loesche>'
