// A service provider by node-saml: one JSON object a line in, one a line out. The first line is its configuration.
"use strict";
const { SAML } = require("@node-saml/node-saml");
const lines = require("node:readline").createInterface({ input: process.stdin });
let saml = null;

async function answer(order) {
  if (order.configure) {
    saml = new SAML(order.configure);
    return { metadata: saml.generateServiceProviderMetadata(order.certificate, order.certificate) };
  }
  if (order.begin === "post") return { form: await saml.getAuthorizeFormAsync(order.relay_state) };
  if (order.begin === "redirect") return { url: await saml.getAuthorizeUrlAsync(order.relay_state, undefined, {}) };
  const { profile } = await saml.validatePostResponseAsync({ SAMLResponse: order.response });
  return { profile };
}

lines.on("line", async (line) => {
  let told;
  try {
    told = await answer(JSON.parse(line));
  } catch (error) {
    told = { error: String(error.message) };
  }
  process.stdout.write(JSON.stringify(told) + "\n");
});
