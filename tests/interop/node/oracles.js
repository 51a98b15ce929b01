// xml-crypto and xml-encryption as oracles: one JSON object a line in, one a line out.
"use strict";
const { promisify } = require("node:util");
const { SignedXml } = require("xml-crypto");
const encryption = require("xml-encryption");
const lines = require("node:readline").createInterface({ input: process.stdin });
const EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#";
const TRANSFORMS = ["http://www.w3.org/2000/09/xmldsig#enveloped-signature", EXCLUSIVE];

function verified({ xml, certificate }) {
  const found = xml.match(/<ds:Signature[ >][^]*?<\/ds:Signature>/);
  const signature = new SignedXml({ publicCert: certificate, getCertFromKeyInfo: () => null });
  signature.loadSignature(found[0]);
  const holds = signature.checkSignature(xml);
  return { holds, covered: holds ? signature.getSignedReferences() : [] };
}

function signed({ xml, id, key, algorithm, digest }) {
  const signature = new SignedXml({ privateKey: key, signatureAlgorithm: algorithm, canonicalizationAlgorithm: EXCLUSIVE });
  signature.addReference({ xpath: `//*[@ID='${id}']`, transforms: TRANSFORMS, digestAlgorithm: digest });
  const location = { reference: `//*[@ID='${id}']/*[local-name()='Issuer']`, action: "after" };
  signature.computeSignature(xml, { location, prefix: "ds" });
  return { xml: signature.getSignedXml() };
}

async function answer({ order, ...what }) {
  if (order === "verify") return verified(what);
  if (order === "sign") return signed(what);
  if (order === "decrypt") return { xml: await promisify(encryption.decrypt)(what.xml, { key: what.key }) };
  return { xml: await promisify(encryption.encrypt)(what.xml, what.options) };
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
