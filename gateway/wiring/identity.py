"""From a municipality's file to the identity providers that its people log in with.

Knows: profiles, key files, where metadata lie; that they are read again where a file changed. Never does: speak SAML
(`bundid` does), fetch (`identity_metadata` does). Standard: fixed interfaces §2. Start reading: `IdentityProviders`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from gateway.bundid import profile
from gateway.bundid.idp_metadata import LIMITS, REASONS, IdpMetadata, MetadataUnfit, Pinned, read_idp_metadata
from gateway.bundid.profile import Profile
from gateway.bundid.provider import SamlProvider
from gateway.errors import SettingsInvalid
from gateway.input import regular_file
from gateway.keys import identity as keyfiles
from gateway.keys.following import Following
from gateway.model import Finding
from gateway.ports.login import LoginStore
from gateway.settings import production, unusable_files
from gateway.settings.gateway import Settings
from gateway.settings.identity import IdentityProviderSection
from gateway.settings.kinds import is_address
from gateway.settings.municipality import MunicipalityFile

Attempt = Callable[[], object]
_METADATA: Final = (
    "Erwartet werden die Metadaten, wie der Identitätsanbieter sie ausgibt; bitte Datei oder Einstellung berichtigen.",
    "The identity provider's metadata are expected, as it hands them out; correct the file or the setting.",
)
_OTHER_ENTITY: Final = (
    "Diese Metadaten sind die eines anderen Identitätsanbieters; das Profil erwartet {expected}.",
    "These metadata are those of another identity provider; the profile expects {expected}.",
)
_NO_TRUSTED: Final = (
    "Keiner der trusted_keys steht in den Metadaten; bitte beim Anbieter nachfragen und die Werte berichtigen.",
    "None of the trusted_keys stands in the metadata; ask the provider and correct the values.",
)
_NO_SERVICE_ID: Final = (
    "BundID verlangt die BMI-ID des Onlinedienstes (BMI-…); bitte ergänzen.",
    "BundID demands the BMI-ID of the online service (BMI-…); add it.",
)
_ENTITY_ID_CHANGED: Final = (
    (
        "Unter {known} haben sich schon Menschen angemeldet; mit einer anderen entity_id wären sie alle andere. Bitte "
        "die alte wieder eintragen, oder dem Anbieter hier einen neuen Namen geben."
    ),
    (
        "People have logged in under {known} already; with another entity_id each of them would be somebody else. Put "
        "the former one back, or give the provider a new name here."
    ),
)


@dataclass(frozen=True, slots=True)
class ProviderPlace:
    """Where one identity provider stands in the settings. `place` is what findings begin with."""

    file: MunicipalityFile
    name: str
    section: IdentityProviderSection

    @property
    def place(self) -> str:
        """The section as people find it."""
        return f"{self.file.slug}.identity.providers.{self.name}"

    @property
    def profile(self) -> Profile:
        """What kind it is; where guests may come, nothing is asked for that only accounts have."""
        kind = profile.load(self.section.profile)
        if not self.section.guests:
            return kind
        of_accounts = {*kind.account.attributes, kind.about.mailbox}
        asked = {name: required for name, required in kind.request.requested.items() if name not in of_accounts}
        return replace(kind, request=replace(kind.request, requested=asked))

    @property
    def address(self) -> str | None:
        """Where its metadata are fetched from; None where they are a file, or none were handed out yet."""
        named = self.section.metadata
        return named if named is not None and is_address(named) else None

    def metadata_file(self, data_dir: Path) -> Path:
        """The file that holds its metadata: the one named, or the copy of what an address gave."""
        if self.section.metadata is None or self.address is not None:
            return data_dir / "identity" / f"{self.file.slug}-{self.name}.xml"
        return Path(self.section.metadata)

    @property
    def acs_url(self) -> str:
        """Where it sends its answers."""
        return f"{self.file.public_url.rstrip('/')}/saml/{self.file.slug}/{self.name}/acs"


def places(files: Iterable[MunicipalityFile]) -> Iterator[ProviderPlace]:
    """Every identity provider of every municipality."""
    for file in files:
        for name, section in file.identity.providers.items():
            yield ProviderPlace(file, name, section)


class IdentityProviders:
    """The identity providers of each municipality, made anew where a key file or the metadata changed.

    Raises `SettingsInvalid` for files that are of no use when it is made; later the former ones go on.
    """

    def __init__(self, settings: Settings, files: Iterable[MunicipalityFile]) -> None:
        self._made: dict[str, list[Following[SamlProvider]]] = {}
        self._ars: dict[str, str] = {}
        for at in places(files):
            named = (*keyfiles.paths(at.section.keys), at.metadata_file(settings.data_dir))
            following = Following(at.place, named, partial(provider, settings, at))
            self._made.setdefault(at.file.ars, []).append(following)
            self._ars[at.file.slug] = at.file.ars

    def of(self, ars: str) -> tuple[SamlProvider, ...]:
        """Those of a municipality, in the order of its file."""
        return tuple(current() for current in self._made.get(ars, ()))

    def named(self, slug: str, name: str) -> SamlProvider | None:
        """One by the two names that stand in addresses; None where there is none."""
        return next((provider for provider in self.of(self._ars.get(slug, "")) if provider.name == name), None)


def provider(settings: Settings, at: ProviderPlace) -> SamlProvider:
    """One identity provider. Raises `SettingsInvalid` with every fault of what its section names."""
    section, rules, findings = at.section, at.profile, list[Finding]()
    keys, pinned = None, None
    try:
        keys = keyfiles.provider_keys(section.keys, f"{at.place}.keys")
    except SettingsInvalid as error:
        findings += error.findings
    try:
        pinned = pinned_metadata(settings, at)
    except SettingsInvalid as error:
        findings += error.findings
    if rules.request.extension == "akdb" and section.online_service_id is None:
        findings.append(Finding(f"{at.place}.online_service_id", "missing", *_NO_SERVICE_ID))
    if findings or keys is None:
        raise SettingsInvalid(findings=tuple(findings))
    return SamlProvider(
        name=at.name,
        profile=rules,
        entity_id=section.entity_id,
        acs_url=at.acs_url,
        keys=keys,
        pinned=pinned,
        display_name=section.display_name or rules.title,
        organisation_name=section.organisation_name or at.file.name,
        online_service_id=section.online_service_id or "",
        switched_on=section.enabled,
        test_accounts=settings.mode == "test",
    )


def attempts(settings: Settings, files: Iterable[MunicipalityFile]) -> Iterator[Attempt]:
    """What reads each of them (`refusals.Attempt`), so that every fault is told at once."""
    for at in places(files):
        yield partial(provider, settings, at)


def pinned_metadata(settings: Settings, at: ProviderPlace) -> Pinned | None:
    """The metadata that count; None where none came yet, or none are named. Raises `SettingsInvalid`.

    A copy of earlier metadata without any of the `trusted_keys` is as if none came yet: whoever names new keys alone,
    since the former ones are no longer to be believed, needs the next fetch, not the copy.
    """
    if at.section.metadata is None:
        return None
    path = at.metadata_file(settings.data_dir)
    fetched = at.address is not None
    try:
        document = regular_file.content(path, LIMITS.size + 1)
    except OSError:
        cause = unusable_files.unreadable(path) or "unreadable"
        if fetched and cause == "missing":
            return None
        raise unusable_files.refusal(f"{at.place}.metadata: {path}", "identity_metadata", cause, _METADATA) from None
    return None if fetched and _outdated(at, document) else judged(settings, at, document)


def _outdated(at: ProviderPlace, copy: bytes) -> bool:
    try:
        return not Pinned(read_idp_metadata(copy), frozenset(at.section.trusted_keys)).keys
    except MetadataUnfit:
        return False


def judged(settings: Settings, at: ProviderPlace, document: bytes) -> Pinned:
    """The metadata of a document, as far as settings, profile and mode allow them. Raises `SettingsInvalid`."""
    setting = f"{at.place}.metadata: {at.metadata_file(settings.data_dir)}"
    try:
        metadata = read_idp_metadata(document)
    except MetadataUnfit as unfit:
        de, en = (f"{why} {way}" for why, way in zip(REASONS[unfit.reason], _METADATA, strict=True))
        raise SettingsInvalid(findings=(Finding(setting, "identity_metadata", de, en),)) from None
    pinned = Pinned(metadata, frozenset(at.section.trusted_keys))
    findings = list(_insecure(setting, at.profile, metadata)) if settings.mode == "production" else []
    if not pinned.keys:
        findings.append(Finding(f"{at.place}.trusted_keys", "identity_metadata", *_NO_TRUSTED))
    if findings:
        raise SettingsInvalid(findings=tuple(findings))
    return pinned


def _insecure(setting: str, rules: Profile, metadata: IdpMetadata) -> Iterator[Finding]:
    """What production refuses of metadata: a sandbox's, and those of another identity provider than the profile's."""
    if rules.entity_id and metadata.entity_id != rules.entity_id:
        de, en = (text.format(expected=rules.entity_id) for text in _OTHER_ENTITY)
        yield Finding(setting, "identity_metadata", de, en)
    yield from production.counterparts(setting, metadata.addresses.values())


async def changed_entity_ids(files: Iterable[MunicipalityFile], logins: LoginStore) -> tuple[Finding, ...]:
    """What forbids to start: providers whose accounts stand under another entity_id. Raises `DatabaseAway`."""
    findings: list[Finding] = []
    for at in places(files):
        findings += contradictions(at, await logins.entity_ids(at.file.ars, at.name))
    return tuple(findings)


def contradictions(at: ProviderPlace, known: frozenset[str]) -> Sequence[Finding]:
    """What is wrong where accounts of a provider are known under these entityIDs of ours."""
    if not known or known == {at.section.entity_id}:
        return ()
    former = ", ".join(sorted(known - {at.section.entity_id}))
    de, en = (text.format(known=former) for text in _ENTITY_ID_CHANGED)
    return (Finding(f"{at.place}.entity_id", "entity_id_changed", de, en),)
