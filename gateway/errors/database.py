"""What is wrong with the database, its backups and the keys it hangs on; the operator has to act.

Knows: codes, retry, HTTP hint, German and English sentences. Never does: logging, I/O.
Standard: RFC 9457. Start reading: `MasterKeyMissing`.
"""

from __future__ import annotations

from gateway.errors.operator import OperatorError


class MasterKeyMissing(OperatorError):
    """No master key, although stored data need one."""

    code = "master_key_missing"
    de = "Der Hauptschlüssel fehlt ({place}). Bitte die gesicherte Datei zurücklegen; sonst sind die Daten unlesbar."
    en = "The master key is missing ({place}). Put the saved file back; without it the data cannot be read."


class MasterKeyWrong(OperatorError):
    """No master key given opens what is stored."""

    code = "master_key_wrong"
    titles = (
        "Der Hauptschlüssel passt nicht zu den gespeicherten Daten",
        "The master key does not fit the stored data",
    )
    de = (
        "Der Hauptschlüssel ({place}) passt nicht zu den gespeicherten Daten; sie brauchen {needed}. "
        "Bitte den richtigen zurücklegen."
    )
    en = "The master key ({place}) does not fit the stored data, which need {needed}. Put the right key back."


class MasterKeyStillNeeded(OperatorError):
    """A master key is not given, although stored keys hang on it."""

    code = "master_key_still_needed"
    de = (
        "Der Hauptschlüssel {key} fehlt; noch {rows} gespeicherte Schlüssel hängen an ihm. Bitte unter "
        "vault.previous_master_key_files angeben, bis „gateway keys rotate“ ihn ersetzt hat."
    )
    en = (
        "The master key {key} is missing; {rows} stored keys still hang on it. Give it in "
        "vault.previous_master_key_files until `gateway keys rotate` has replaced it."
    )


class ProcessesWithoutKey(OperatorError):
    """Running processes could not read what would hang on the new master key."""

    code = "processes_without_key"
    de = (
        "Dem Hauptschlüssel {key} kann noch nichts anvertraut werden: {count} Verbindungen gehören zu Prozessen, "
        "die ihn nicht haben. Bitte diese erst mit beiden Schlüsseln neu starten. Es wurde nichts verändert."
    )
    en = (
        "Nothing can hang on the master key {key} yet: {count} connections belong to processes that do not have it. "
        "Restart those with both keys first. Nothing was changed."
    )


class SchemaNewer(OperatorError):
    """The database was migrated by a newer release."""

    code = "schema_newer"
    titles = ("Die Datenbank gehört zu einer neueren Fassung", "The database belongs to a newer release")
    de = (
        "Die Datenbank hat das Schema {found} einer neueren Fassung des Gateways; diese kennt nur {known}. "
        "Bitte die neuere Fassung installieren; zurück führt nur eine Sicherung von vor der Aktualisierung."
    )
    en = (
        "The database has schema {found} of a newer release of the gateway; this one knows {known} at most. "
        "Install the newer release; the only way back is a backup from before the upgrade."
    )


class DatabaseAway(OperatorError):
    """The database does not answer."""

    code = "database_away"
    retry = True
    status = 503
    de = "Die Datenbank antwortet nicht. Es wurde nichts übernommen; bitte später erneut versuchen."
    en = "The database does not answer. Nothing was taken over; try again later."


class StorageFull(DatabaseAway):
    """There is no room for what was sent; nothing of it was kept, nothing accepted was lost."""

    code = "storage_full"
    status = 507
    de = "Dafür reicht der Speicherplatz des Gateways nicht. Es wurde nichts übernommen; bitte später erneut versuchen."
    en = "The gateway has not enough storage for this. Nothing was taken over; try again later."


class DatabaseUnfit(OperatorError):
    """The embedded database's directory was written by another major version of PostgreSQL."""

    code = "database_unfit"
    titles = ("Die Daten stammen von einer anderen PostgreSQL", "The data were written by another PostgreSQL")
    de = (
        "{place} stammt von PostgreSQL {found}; dieses Gateway bringt {expected} mit. Bitte mit der bisherigen Fassung "
        "`gateway backup` ausführen, das Verzeichnis beiseite legen und mit dieser Fassung `gateway restore`."
    )
    en = (
        "{place} was written by PostgreSQL {found}; this gateway brings {expected}. Run `gateway backup` with the "
        "release used so far, put the directory aside, and run `gateway restore` with this release."
    )


class DatabaseTooOld(OperatorError):
    """An external PostgreSQL older than those that are supported."""

    code = "database_too_old"
    titles = ("Die PostgreSQL ist zu alt", "The PostgreSQL is too old")
    de = "Die Datenbank ist PostgreSQL {found}; nötig ist {least} oder neuer. Bitte den Datenbankserver aktualisieren."
    en = "The database is PostgreSQL {found}; {least} or newer is needed. Upgrade the database server."


class DatabaseNotAllowed(OperatorError):
    """The database role may not make or change the gateway's tables."""

    code = "database_not_allowed"
    de = (
        "Die Datenbank verweigert der Rolle des Gateways, seine Tabellen anzulegen oder zu ändern. Bitte die Rolle zur "
        "Eigentümerin der Datenbank machen (ALTER DATABASE … OWNER TO …)."
    )
    en = (
        "The database does not let the gateway's role make or change its tables. Make the role the owner of the "
        "database (ALTER DATABASE … OWNER TO …)."
    )


class DatabaseNotStarted(OperatorError):
    """The embedded database does not start."""

    code = "database_not_started"
    de = (
        "Die eingebaute Datenbank startet nicht: {cause}. Näheres steht in {log}. Sind ihre Dateien beschädigt: das "
        "Verzeichnis postgres beiseite legen und die letzte Sicherung mit `gateway restore` einspielen."
    )
    en = (
        "The embedded database does not start: {cause}. Its log is {log}. If its files are damaged, put the directory "
        "postgres aside and run `gateway restore` with the last backup."
    )


class DatabaseDamaged(OperatorError):
    """Files of the embedded database are missing or damaged; nothing was written over."""

    code = "database_damaged"
    titles = ("Dateien der Datenbank sind beschädigt", "Files of the database are damaged")
    de = (
        "Dateien der eingebauten Datenbank in {place} fehlen oder sind beschädigt ({cause}). Bitte nichts darin "
        "ändern, das Verzeichnis postgres beiseite legen und die letzte Sicherung mit `gateway restore` einspielen."
    )
    en = (
        "Files of the embedded database in {place} are missing or damaged ({cause}). Change nothing in it, put the "
        "directory postgres aside and run `gateway restore` with the last backup."
    )


class BackupUnfit(OperatorError):
    """The file is no backup that this version can restore; nothing was changed."""

    code = "backup_unfit"
    de = (
        "Die Datei kann nicht wiederhergestellt werden: {cause_de}. Es wurde nichts verändert; ist sie nicht zu "
        "retten, bitte eine ältere Sicherung nehmen."
    )
    en = "The file cannot be restored: {cause_en}. Nothing was changed; where it cannot be saved, take an older backup."


class DatabaseNotEmpty(OperatorError):
    """A restore would write over data."""

    code = "database_not_empty"
    de = (
        "Die Datenbank enthält schon Daten; wiederhergestellt wird nur in eine leere. Bitte eine andere in "
        "database.url oder data_dir nennen."
    )
    en = (
        "The database holds data already; only an empty one is restored into. Name another one in database.url or "
        "data_dir."
    )


class RestoreUnfinished(OperatorError):
    """A restore was broken off before what was erased since was erased again."""

    code = "restore_unfinished"
    de = "Eine Wiederherstellung ist nicht abgeschlossen. Bitte `gateway restore` mit derselben Datei erneut ausführen."
    en = "A restore was not finished. Run `gateway restore` again with the same file."
