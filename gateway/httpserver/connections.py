"""Which connections are closed when more are open than one process should hold.

Knows: how long each lets us wait. Never does: close one that waits for our answer, or that was not read yet.
Start reading: `OpenConnections.admits`.
"""

from __future__ import annotations

import asyncio
import heapq
from typing import Any, Final

from uvicorn.server import ServerState

from gateway.httpserver.limits import WireLimits

_GRACE_S: Final = 1.0
_LOOK_EVERY_S: Final = 0.1


class ConnectionState(ServerState):
    """uvicorn's state of a server, with what keeps its connections few."""

    def __init__(self) -> None:
        super().__init__()
        self.open_connections = OpenConnections(self.connections)


class OpenConnections:
    """The connections of one server.

    Between two looks the event loop has read from every connection at least once; so a connection from before the last
    but one that is still waited for has indeed sent nothing, however busy the loop is.
    """

    def __init__(self, connections: set[Any]) -> None:
        self._connections = connections
        self._looks = False
        self.generation = 0

    def admits(self, limits: WireLimits, loop: asyncio.AbstractEventLoop) -> bool:
        """Whether a newcomer, counted already, may stay; above the limit those that wait longest are closed soon."""
        number = len(self._connections)
        if number > limits.connections and not self._looks:
            self._looks = True
            loop.call_later(_LOOK_EVERY_S, self.look, limits, loop)
        return number <= limits.connections_most

    def look(self, limits: WireLimits, loop: asyncio.AbstractEventLoop) -> None:
        """Close those that have let us wait longest, a second at least, down to the limit; look again while above."""
        self.generation += 1
        self._looks = len(self._connections) > limits.connections
        if not self._looks:
            return
        heard, longest = self.generation - 1, loop.time() - _GRACE_S
        waiting = [
            (since, number, connection)
            for number, connection in enumerate(self._connections)
            if connection.generation < heard and (since := connection.waits_since) is not None and since <= longest
        ]
        for _, _, connection in heapq.nsmallest(len(self._connections) - limits.connections, waiting):
            self._connections.discard(connection)
            connection.close_now()
        loop.call_later(_LOOK_EVERY_S, self.look, limits, loop)
