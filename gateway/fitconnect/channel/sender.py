"""The channel of one municipality in one FIT-Connect environment.

Knows: the order of checks before sealing, and one exchange for each step of the journey.
Never does: retry, decide, keep state of submissions. Standard: FIT-Connect Submission API v2, sender's part.
Start reading: `FitConnectChannel.seal`.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import timedelta
from typing import Any, Final, TypeVar
from uuid import UUID

from gateway import __version__, failpoints
from gateway.errors import CounterpartGarbled, InternalError
from gateway.fitconnect import envelope, events, fitness, metadata, names, wire
from gateway.fitconnect.channel.api import Api
from gateway.fitconnect.channel.environment import Addressee, Environment
from gateway.fitconnect.channel.identification import NOBODY, Described, described
from gateway.fitconnect.channel.keyring import CounterpartKeys, Reception
from gateway.fitconnect.channel.packing import Packed, Packer
from gateway.fitconnect.channel.tokens import AccessTokens
from gateway.fitconnect.identification_report import Reported
from gateway.fitconnect.limits import LIMITS
from gateway.german_time import german_date
from gateway.model import Event, FitConnectAddress, Part, Signature, Submission
from gateway.outbound.client import HttpClient
from gateway.ports.channel import Announced, Parcel, ReadPart, Sealed
from gateway.ports.clock import Clock
from gateway.ports.keys import KeyArchive, Keys
from gateway.ports.store import Store

MAX_PAGES: Final = 20
"""Pages of an event log that are read; a submission has a handful of events."""
FEW: Final = 6
"""Events that are proven at once: each takes a tenth of a millisecond, as long as the way into a thread and back."""
AHEAD: Final = timedelta(hours=24)
"""An event may be dated so far ahead: a clock that is wrong by its time zone is a mistake, the year 9999 is none."""
AHEAD_IN_TESTS: Final = timedelta(days=1000)
"""The same where keys are not checked either: a sandbox's clock is moved by months and years to try deadlines."""
_Value = TypeVar("_Value", str, FitConnectAddress)
AUTHOR: Final = metadata.Author("OZG-Gateway", "ozg-gateway", __version__, "The founders of the OZG gateway")


class FitConnectChannel:
    """A `ports.Channel` for FIT-Connect v2.

    `addressee` tells where submissions go, by service id and whether they are a test. `archive` keeps the public keys
    that were used.
    `client` comes from `outbound` and is shared by all channels of an environment. `random` gives so many random bytes.
    `official` are FITKO's metadata schemas by version, where installed. `tick` is a monotonic clock in seconds.
    """

    limits: Final = LIMITS

    def __init__(  # noqa: PLR0913 - a municipality, its environment, and what it may use
        self,
        environment: Environment,
        client_id: str,
        client_secret: Callable[[], str],
        *,
        addressee: Callable[[str, bool], Addressee],
        keys: Keys,
        archive: KeyArchive,
        client: HttpClient,
        clock: Clock,
        random: Callable[[int], bytes],
        callback: wire.Callback | None = None,
        official: Mapping[str, bytes] | None = None,
        tick: Callable[[], float] = time.monotonic,
    ) -> None:
        tokens = AccessTokens(client, environment.token_url, client_id, client_secret, clock=clock, tick=tick)
        self._tokens = tokens
        self._environment = environment
        self._addressee = addressee
        self._keys = keys
        self._random = random
        self._clock = clock
        self._callback = callback
        self._official = official or {}
        self._api = Api(client, environment.base, tokens, clock)
        self._keyring = CounterpartKeys(self._api, environment, archive, clock, tick)

    def destination_of(self, service: str, *, test: bool) -> str:
        """See the port."""
        return self._addressee(service, test).destination_id

    async def seal(self, submission: Submission, parcel: Parcel, store: Store) -> Sealed:
        """Read destination and key, check both, sign the document, seal every part into the store.

        Nothing is encrypted before destination, key and limits are found fit and the document is signed. Metadata come
        last: they hold the hashes of all others. Raises `DestinationUnfit`, `KeyUnfit` and the errors of an exchange.
        """
        to = self._addressee(submission.service, submission.test)
        reception = await self._keyring.reception(to.destination_id)
        document = parcel.document
        offer, region = fitness.fit(
            reception.inbox,
            identifier=to.identifier,
            ars=submission.municipality,
            schema_uri=document.schema_uri,
            media_type=document.media_type,
        )
        version = metadata.choose(reception.inbox.metadata_versions)
        envelope.check_limits(len(document.content), [enclosure.size for enclosure in parcel.enclosures], reception.key)
        failpoints.before("steps.sign")
        signature = await self._keys.sign_document(submission.municipality, document, to.signature)
        packer = Packer(store, submission.id, reception.key, self._random)
        attachments = [await packer.attachment(enclosure) for enclosure in parcel.enclosures]
        data = await packer.content("data", document.media_type, document.content)
        login = await self._login(submission, parcel, offer, data.sha512)
        written, checked = self._described(parcel, version, signature, data, attachments, login)
        record = await packer.content("metadata", names.CTY_METADATA, written)
        packed = (record, data, *attachments)
        return Sealed(
            parts=tuple(sealed.part for sealed in packed),
            destination_id=to.destination_id,
            address=FitConnectAddress(offer.identifier, region),
            facts={**self._facts(reception, checked, packed), "signature": _signature_facts(signature), **login.facts},
            blobs=tuple(sealed.small for sealed in packed if sealed.small),
        )

    async def announce(self, submission: Submission) -> Announced:
        """Announce the submission with the ids of its attachments."""
        address = _known(submission.address)
        request = wire.create_submission(
            _known(submission.destination_id),
            attachments=[part.name for part in submission.parts if part.is_attachment],
            identifier=address.service_identifier,
            name=self._addressee(submission.service, submission.test).name,
            region=address.region,
            callback=self._callback,
        )
        return wire.announced(await self._api.send(request))

    async def upload(self, submission: Submission, part: Part, body: AsyncIterator[bytes]) -> None:
        """Send one sealed attachment of exactly `part.size` bytes; the same bytes again change nothing."""
        await self._api.send(wire.put_attachment(_known(submission.remote_id), part.name, part.size), body)

    async def submit(self, submission: Submission, read: ReadPart) -> None:
        """Send both other parts, with which the submission counts as submitted."""
        parts = {part.name: part for part in submission.parts}
        metadata, data = parts["metadata"], parts["data"]
        request = wire.put_submission(_known(submission.remote_id), metadata.size, data.size)
        await self._api.send(request, wire.submission_body(read(metadata), read(data)))

    async def events(self, submission: Submission) -> tuple[Event, ...]:
        """The whole event log in order, each event proven or refused with the rule it breaks.

        Raises the errors of an exchange, also where a key to verify with cannot be read just now.
        """
        expected = events.ExpectedEvent(
            submission_id=_known(submission.remote_id),
            case_id=_known(submission.case_id),
            destination_id=_known(submission.destination_id),
            issuers=self._environment.issuers,
            tags={part.name: part.tag for part in submission.parts},
            latest=self._clock.now() + (AHEAD_IN_TESTS if self._environment.insecure_public_keys else AHEAD),
        )
        proven = {event.token: event for event in submission.events if event.verified and event.token}
        tokens = await self._log(expected.submission_id)
        missing = events.wanted_keys((token for token in tokens if token not in proven), expected)
        if not missing:
            return events.prove(tokens, expected, {}, proven)
        keys = await self._keyring.verifying(missing, expected.destination_id)
        if len(tokens) <= FEW:
            log = events.prove(tokens, expected, keys, proven)
        else:
            log = await asyncio.to_thread(events.prove, tokens, expected, keys, proven)
        if any(problem.get("rule") == "signature" for event in log if not event.verified for problem in event.problems):
            keys = await self._keyring.verifying(missing, expected.destination_id, anew=True)
            log = await asyncio.to_thread(events.prove, tokens, expected, keys, proven)
        return log

    async def check_token(self) -> str:
        """Fetch a new token, for `gateway check` and probes. Raises as every exchange does, `TokenRefused` first."""
        await self._tokens.renew()
        return "token granted"

    async def check_destination(self, destination_id: str) -> str:
        """Read a destination and judge its state, key and metadata versions, for `gateway check`.

        Raises `DestinationUnfit`, `KeyUnfit` and the errors of an exchange.
        """
        reception = await self._keyring.reception(destination_id)
        fitness.require_active(reception.inbox)
        return f"active, key {reception.key.kid}, metadata {metadata.choose(reception.inbox.metadata_versions)}"

    async def check_service(self, service: str, ars: str, schema_uri: str, media_type: str, *, test: bool) -> str:
        """Whether its destination takes documents of a service, for `gateway check`; judged as before sealing.

        Raises `DestinationUnfit`, `KeyUnfit` and the errors of an exchange.
        """
        to = self._addressee(service, test)
        reception = await self._keyring.reception(to.destination_id)
        _, region = fitness.fit(
            reception.inbox, identifier=to.identifier, ars=ars, schema_uri=schema_uri, media_type=media_type
        )
        return f"{to.identifier}, {schema_uri}, {region}"

    async def _log(self, submission_id: str) -> tuple[str, ...]:
        tokens: list[str] = []
        for _ in range(MAX_PAGES):
            answer = await self._api.send(wire.read_events(submission_id, len(tokens)))
            page = wire.events(answer)
            tokens += page.tokens
            complete = len(tokens) >= page.total if page.total is not None else len(page.tokens) < names.PAGE_MAX
            if complete or not page.tokens:
                return tuple(tokens)
        raise CounterpartGarbled(host=answer.host)

    async def _login(
        self, submission: Submission, parcel: Parcel, offer: wire.DestinationOffer, document_sha512: str
    ) -> Described:
        """What metadata say of who logged in: signed by the municipality, answered to where the destination can."""
        if parcel.attestation is None:
            return NOBODY
        reported = Reported(
            submission=submission.id,
            municipality=submission.municipality,
            server=parcel.attestation.seen_by,
            document_sha512=document_sha512,
            report_id=UUID(bytes=self._random(16), version=4),
            at=self._clock.now(),
            identity=parcel.attestation.identity,
        )
        return await described(self._keys, reported, offer.reply_channels)

    def _described(  # noqa: PLR0913, PLR0917 - what metadata are about
        self,
        parcel: Parcel,
        version: str,
        signature: Signature,
        data: Packed,
        attachments: list[Packed],
        login: Described,
    ) -> tuple[bytes, metadata.CheckedMetadata]:
        document = parcel.document
        built = metadata.build(
            version,
            document_sha512=data.sha512,
            schema_uri=document.schema_uri,
            media_type=document.media_type,
            signature=signature,
            enclosed=[
                metadata.Enclosed(
                    enclosure.attachment_id,
                    enclosure.filename,
                    enclosure.media_type,
                    enclosure.purpose.value,
                    packed.sha512,
                )
                for enclosure, packed in zip(parcel.enclosures, attachments, strict=True)
            ],
            application_date=german_date(parcel.received_at),
            author=AUTHOR,
            data_sets=login.data_sets,
            account=login.account,
        )
        return metadata.write(built), metadata.check(built, version, self._official.get(version))

    def _facts(
        self, reception: Reception, checked: metadata.CheckedMetadata, packed: tuple[Packed, ...]
    ) -> dict[str, Any]:
        """What the evidence keeps of sealing; hashes are of the plain bytes."""
        key = reception.key
        return {
            "encryption_kid": key.kid,
            "encryption_key": key.sha256,
            "encryption_certificate_sha256": hashlib.sha256(key.x5c[0]).hexdigest() if key.x5c else None,
            "certificate_chain": "not checked (test mode)" if self._environment.insecure_public_keys else "checked",
            "metadata_version": checked.version,
            "metadata_schema": checked.schema,
            "sha512": {part.part.name: part.sha512 for part in packed},
        }


def _signature_facts(signature: Signature) -> dict[str, Any]:
    """What the evidence keeps of the document's signature."""
    return {
        "format": signature.style.format.value,
        "packaging": "enveloped" if signature.style.enveloped else "detached",
        "algorithm": signature.algorithm,
        "kid": signature.kid,
        "certificate_sha256": signature.certificate_sha256,
    }


def _known(value: _Value | None) -> _Value:
    """What an earlier step of the journey has set."""
    if value is None:
        raise InternalError(rule="step_without_its_predecessor")
    return value
