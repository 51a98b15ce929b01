"""The port `LoginStore` in memory, as far as the flow needs it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

from gateway.errors import BadInput


class TooMany(BadInput):
    code = "too_many_logins"
    status = 429


class MemoryLogins:
    def __init__(self, clock, most=1000):
        self.clock, self.most = clock, most
        self.open, self.logins, self.sessions = {}, {}, {}
        self.codes, self.used, self.tokens, self.uris, self.answers = {}, set(), {}, {}, set()
        self.written = 0

    async def begin(self, login):
        if len(self.open) >= self.most:
            raise TooMany
        json.dumps(login.request)
        self.written += 1
        self.open[login.handle] = login

    async def under_way(self, handle, now):
        found = self.open.get(handle)
        return found if found is not None and found.expires_at > now else None

    async def choose(self, login, provider, request_id, at):
        for handle, each in self.open.items():
            if each.id == login and each.expires_at > at:
                self.open[handle] = replace(
                    each, provider=provider, request_id=request_id, requested_at=at, answer=None
                )
                return True
        return False

    async def keep_answer(self, handle, municipality, provider, answer, now):
        found = await self.under_way(handle, now)
        if found is None or (found.municipality, found.provider) != (municipality, provider):
            return False
        self.written += 1
        self.open[handle] = replace(found, answer=answer)
        return True

    async def end(self, login):
        self.open = {handle: each for handle, each in self.open.items() if each.id != login}

    async def finish(self, finished):
        now = finished.login.created_at
        if finished.under_way is None:
            if await self.session_by_id(finished.session.id, now) is None:
                return False
        elif not any(each.id == finished.under_way for each in self.open.values()):
            return False
        if finished.answer_key in self.answers:
            return False
        if finished.answer_key is not None:
            self.answers.add(finished.answer_key)
        if finished.under_way is not None:
            await self.end(finished.under_way)
        self.logins[finished.login.id] = finished.login
        self.sessions[finished.session.id] = finished.session
        self.codes[finished.code.code] = replace(
            finished.code, request=json.loads(json.dumps(dict(finished.code.request)))
        )
        return True

    async def login(self, login):
        found = self.logins.get(login)
        if found is None or found.expires_at > self.clock.now():
            return found
        return replace(found, identity=None)

    async def by_reference(self, login_ref):
        return next((each for each in self.logins.values() if each.login_ref == login_ref), None)

    async def session(self, cookie, client, now):
        mine = [s for s in self.sessions.values() if (s.cookie, s.client) == (cookie, client) and _stands(s, now)]
        return max(mine, key=lambda each: each.used_at, default=None)

    async def end_sessions(self, cookie):
        ended = [each for each in self.sessions.values() if each.cookie == cookie]
        for each in ended:
            del self.sessions[each.id]
        return tuple(each for each in ended if _stands(each, self.clock.now()))

    async def session_by_id(self, session, now):
        found = self.sessions.get(session)
        return found if found is not None and _stands(found, now) else None

    async def redeem(self, code, now):
        found = self.codes.get(code)
        if found is None or code in self.used:
            self.tokens = {name: each for name, each in self.tokens.items() if each.code != code}
            return None
        if found.expires_at <= now:
            return None
        self.used.add(code)
        return found

    async def keep_token(self, token):
        self.tokens[token.token] = token
        return True

    async def token(self, token, now):
        found = self.tokens.get(token)
        return found if found is not None and found.expires_at > now else None

    async def push(self, uri, client, request, expires_at):
        self.uris[uri] = (client, json.loads(json.dumps(request)), expires_at)

    async def pushed(self, uri, client, now):
        whose, request, expires_at = self.uris.get(uri, (None, None, now))
        if whose != client or expires_at <= now:
            return None
        del self.uris[uri]
        return request

    async def subject_key(self, municipality):
        return municipality.encode().ljust(32, b".")

    async def entity_ids(self, municipality, provider):
        return frozenset()


def _stands(session, now):
    return now < min(session.expires_at, session.used_at + timedelta(seconds=session.idle_s))
