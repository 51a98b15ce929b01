"""The part of `fitconnect` that does I/O: a `ports.Channel` over HTTP for one municipality in one environment.

Knows: how the pure parts (`wire`, `metadata`, `envelope`, `events`) are put to work, in which order.
Never does: decide what comes next, make an HTTP client, read files other than schemas. Standard: see `fitconnect`.
Start reading: `sender.FitConnectChannel`.
"""

from gateway.fitconnect.channel.environment import Addressee, Environment
from gateway.fitconnect.channel.schemas import official_schemas
from gateway.fitconnect.channel.sender import FitConnectChannel
from gateway.fitconnect.wire import Callback

__all__ = ["Addressee", "Callback", "Environment", "FitConnectChannel", "official_schemas"]
