"""A FIT-Connect of our own: delivery service, portal, routing, token endpoint and an automatic subscriber.

Knows: the Submission API v2 (and a v1 subset), Destination and Routing API, Security Event Tokens, the checks that a
careful subscriber makes, deadlines by a clock that tests turn, faults on demand.
Never does: import the gateway's sender. Data are made up by whoever calls; the private keys of its destinations lie
readable in its directory, so it is for tests and demonstrations only.
Standard: FIT-Connect Submission API 1.1.3 and v2, Routing API 2.0.0, set-payload 1.2.2, metadata 2.x.
Start reading: `server.serve`, then `sandbox.Sandbox`, then `submissions`.

Decisions where the reference is silent:
- A repeated `PUT` of a submission or attachment after the submit is 409: its state does not take it any more, and
  the event log tells a sender what happened to the first one.
- The service is not checked against the destination on create; that is the subscriber's check.
- A v1 rejection may come without payload too where the SET names no schema; the rule speaks of events, not of accepts.
- `PUT` of a destination stands in both Destination APIs as in v1; what it does not give (callback, channels) is none.
- An incomplete submission vanishes after a day together with its events, as if it had never been announced.
"""
