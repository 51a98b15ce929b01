"""Where the database is: a libpq address, in either of its forms, as arguments for asyncpg.

Knows: libpq's parameters, which of them the driver keeps. Never does: connect, show a password.
Standard: PostgreSQL, "Connection Strings". Start reading: `arguments`.

Migrations, backups and the job engine read the same address with libpq itself. What would make a connection safer there
and means nothing to asyncpg is refused instead of dropped.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote, urlencode

import psycopg
from psycopg.conninfo import conninfo_to_dict

from gateway.errors import SettingsInvalid
from gateway.model import Finding

_NAMES: Final = {
    **{name: name for name in ("user", "password", "passfile", "service", "target_session_attrs", "krbsrvname")},
    "gsslib": "gsslib",
    "dbname": "database",
}
_TLS: Final = frozenset(
    {
        "sslmode", "sslrootcert", "sslcert", "sslkey", "sslpassword", "sslcrl", "sslnegotiation",
        "ssl_min_protocol_version", "ssl_max_protocol_version",
    }
)  # fmt: skip
_OURS: Final = frozenset(  # set by us for every connection, or without a meaning for what a connection may do
    {
        "application_name", "fallback_application_name", "client_encoding", "connect_timeout", "options", "keepalives",
        "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout", "load_balance_hosts",
        "sslcompression", "sslsni",
    }
)  # fmt: skip
_UNLESS_REQUIRED: Final = frozenset({"gssencmode", "channel_binding"})


def arguments(dsn: str) -> dict[str, Any]:
    """The arguments of `asyncpg.connect` for a key-value string or a URL.

    Raises `SettingsInvalid` with a finding for each parameter that asyncpg cannot keep, and for what is no address.
    """
    try:
        parameters = conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:  # its text may quote the password
        raise SettingsInvalid(findings=(_no_address(),)) from None
    known = {*_NAMES, *_TLS, *_OURS, "host", "port"}
    findings = [_foreign(name) for name, value in parameters.items() if name not in known and not _weak(name, value)]
    if parameters.get("sslrootcert") == "system":
        findings.append(_foreign("sslrootcert=system"))
    if findings:
        raise SettingsInvalid(findings=tuple(findings))
    options: dict[str, Any] = {_NAMES[name]: value for name, value in parameters.items() if name in _NAMES}
    if "host" in parameters:
        options["host"] = str(parameters["host"]).split(",")
    if "port" in parameters:
        ports = [int(port) for port in str(parameters["port"]).split(",")]
        options["port"] = ports if len(ports) > 1 else ports[0]
    tls = {name: value for name, value in parameters.items() if name in _TLS}
    if tls:
        options["dsn"] = "postgresql:///?" + urlencode(tls, quote_via=quote)
    return options


def _weak(name: str, value: object) -> bool:
    return name in _UNLESS_REQUIRED and value != "require"


def _foreign(name: str) -> Finding:
    return Finding(
        pointer="/database/url",
        rule="database_url_parameter",
        de=f"Der Parameter {name} wird in database.url nicht unterstützt. Bitte entfernen oder, bei Zertifikaten, die "
        "Datei angeben.",
        en=f"The parameter {name} is not supported in database.url. Remove it or, for certificates, name the file.",
    )


def _no_address() -> Finding:
    return Finding(
        pointer="/database/url",
        rule="database_url",
        de="Dies ist keine Adresse einer PostgreSQL-Datenbank (postgresql://…).",
        en="This is no address of a PostgreSQL database (postgresql://…).",
    )
