// SPDX-License-Identifier: Apache-2.0
// Prints what the library ro-crate reads in a crate, as JSON: node crate_library.js MODULES CRATE. It asks no network: the context comes from the
// library itself, and every other request is noted and refused.
"use strict";
const fs = require("fs");
const path = require("path");
const [modules, file] = process.argv.slice(2);
const library = path.resolve(modules, "ro-crate");
const contexts = { "https://w3id.org/ro/crate/1.2/context": JSON.parse(fs.readFileSync(path.join(library, "lib/context.json"), "utf8")) };
const refused = [];

globalThis.fetch = async (url) => {
  if (!(url in contexts)) {
    refused.push(String(url));
    throw new Error("there is no network here");
  }
  return { ok: true, json: async () => contexts[url] };
};

const { ROCrate, validate } = require(library);
const plain = (entity) => ({ id: entity["@id"], types: entity["@type"], names: entity.name || [] });

async function main() {
  const text = fs.readFileSync(file, "utf8");
  const results = await validate(text);
  const crate = new ROCrate(JSON.parse(text), { array: true, link: true });
  await crate.resolveContext();
  const terms = new Set();
  for (const entity of crate.entities())
    for (const term of [...Object.keys(entity), ...entity["@type"]])
      if (!term.startsWith("@") && !crate.resolveTerm(term)) terms.add(term);
  const root = crate.rootDataset;
  const actions = [...crate.entities()].filter((one) => one["@type"].includes("CreateAction"));
  console.log(JSON.stringify({
    refused,
    unknown: [...terms],
    findings: results.filter((one) => one.status !== "success"),
    successes: results.filter((one) => one.status === "success").length,
    descriptor: crate.metadataFileEntity.conformsTo.map((one) => one["@id"]),
    root: { ...plain(root), publisher: root.publisher.map(plain), license: (root.license || []).map(plain) },
    parts: root.hasPart.map((one) => ({ ...plain(one), size: one.contentSize, sha256: one.sha256, type: one.encodingFormat })),
    mentions: (root.mentions || []).map((one) => one["@id"]),
    actions: actions.map((one) => ({
      id: one["@id"],
      agent: one.agent.map(plain),
      instrument: one.instrument.map((each) => ({ ...plain(each), version: each.softwareVersion })),
      object: (one.object || []).map((each) => ({ ...plain(each), text: each.text })),
      result: (one.result || []).map((each) => ({ ...plain(each), sha256: each.sha256 })),
    })),
  }));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
