// A portal by openid-client: given {url, key} it logs in by each way that a portal may choose; one JSON line a login.
import * as client from "openid-client";

const { url, key } = JSON.parse(process.argv[2]);
const CALLBACK = "https://portal.example/cb";
const SECRET = "portal-secret-1";
const jar = {};
let answers = 0;

async function go(address, options = {}) {
  const cookie = Object.entries(jar).map((pair) => pair.join("=")).join("; ");
  const answer = await fetch(address, { ...options, redirect: "manual", headers: { cookie } });
  for (const given of answer.headers.getSetCookie()) {
    const [name, value] = given.split(";")[0].split("=");
    if (value) jar[name] = value;
    else delete jar[name];
  }
  return answer;
}

async function asBrowser(address) {
  const answer = await go(address);
  if (answer.status !== 200) return answer.headers.get("location");
  const page = await answer.text();
  const value = (name) => page.match(new RegExp(`name="${name}" value="([^"]*)"`))[1];
  const said = JSON.stringify({ to: value("SAMLRequest"), key: `openid-${answers++}`, refused: null });
  const body = new URLSearchParams({ SAMLResponse: said, RelayState: value("RelayState") });
  const kept = await go(`${url}/saml/tangerhuette/bundid/acs`, { method: "POST", body });
  return (await go(kept.headers.get("location"))).headers.get("location");
}

async function login(config, { pushed = false, maxAge, ...more } = {}) {
  const verifier = client.randomPKCECodeVerifier();
  const [nonce, state] = [client.randomNonce(), client.randomState()];
  const asked = {
    redirect_uri: CALLBACK,
    scope: "openid profile email address",
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    nonce,
    state,
    ...(maxAge === undefined ? {} : { max_age: String(maxAge) }),
    ...more,
  };
  const to = pushed ? await client.buildAuthorizationUrlWithPAR(config, asked) : client.buildAuthorizationUrl(config, asked);
  const back = new URL(await asBrowser(to));
  const checks = { pkceCodeVerifier: verifier, expectedNonce: nonce, expectedState: state, idTokenExpected: true, maxAge };
  const tokens = await client.authorizationCodeGrant(config, back, checks);
  const info = await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
  return { tokens, told: { claims: tokens.claims(), info } };
}

async function portal(name, authentication, metadata) {
  const options = { execute: [client.allowInsecureRequests] };
  return client.discovery(new URL(url), name, metadata, authentication, options);
}

const say = (way, told) => console.log(JSON.stringify({ way, ...told }));
const basic = await portal("portal", client.ClientSecretBasic(SECRET));
say("basic", (await login(basic)).told);
say("session", (await login(basic, { prompt: "none" })).told);
const last = await login(basic, { pushed: true, maxAge: 1000 });
say("pushed", last.told);
try {
  await login(basic, { prompt: "none", acr_values: "http://eidas.europa.eu/LoA/high" });
} catch (error) {
  say("refused", { error: error.error });
}
const after = "https://portal.example/bye";
const out = { id_token_hint: last.tokens.id_token, post_logout_redirect_uri: after, state: "s" };
say("logout", { location: (await go(client.buildEndSessionUrl(basic, out))).headers.get("location") });
say("post", (await login(await portal("posting", client.ClientSecretPost(SECRET)))).told);
const es256 = await portal("quiet", client.ClientSecretBasic(SECRET), { id_token_signed_response_alg: "ES256" });
say("es256", (await login(es256)).told);
const { kty, crv, x, d } = key;
const signing = await crypto.subtle.importKey("jwk", { kty, crv, x, d }, "Ed25519", false, ["sign"]);
const byKey = client.PrivateKeyJwt({ key: signing, kid: key.kid });
const ps256 = await portal("signing", byKey, { id_token_signed_response_alg: "PS256" });
say("key", (await login(ps256, { pushed: true })).told);
