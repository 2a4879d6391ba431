// A scroll over all companies by Intercom's own clients for Node.js, unmodified: `node scroll.mjs 4`, 5, 6 or 7.
// Prints the ids that came, as JSON.

import { createRequire } from "node:module";

const { SAYSO_URL, SAYSO_TOKEN } = process.env;
const MAJOR = process.argv[2];
const require = createRequire(import.meta.url);
const sdk = require(MAJOR === "7" ? "intercom-client" : `intercom-client-${MAJOR}`);

/** The generated clients, 6 and 7: an iterator that asks for pages. */
async function generated() {
  const client = new sdk.IntercomClient({ token: SAYSO_TOKEN, baseUrl: SAYSO_URL });
  const found = [];
  for await (const company of await client.companies.scroll()) found.push(company);
  return found;
}

/** The clients written by hand, 4 and 5: all at once. */
async function handwritten() {
  const client = new sdk.Client({ tokenAuth: { token: SAYSO_TOKEN } });
  client.useRequestOpts({ baseURL: SAYSO_URL });
  return client.companies.scroll.each({});
}

const found = await (Number(MAJOR) > 5 ? generated() : handwritten());
console.log(JSON.stringify(found.map((company) => company.id)));
