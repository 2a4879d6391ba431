// A contact's subscriptions with Node.js and its built-in fetch. Needs SAYSO_URL and SAYSO_TOKEN in the environment.

import assert from "node:assert/strict";

const { SAYSO_URL, SAYSO_TOKEN } = process.env;

/** The body of the answer, which must have that status. */
async function call(method, path, { body, status = 200, token = SAYSO_TOKEN } = {}) {
  const answer = await fetch(SAYSO_URL + path, {
    method,
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  });
  const text = await answer.text();
  assert.equal(answer.status, status, `${method} ${path}: expected ${status}, got ${answer.status} ${text}`);
  return JSON.parse(text);
}

const ids = (types) => types.data.map((type) => type.id);

const types = await call("GET", "/subscription_types");
const live = types.data.filter((type) => type.state === "live");
const optIn = live.find((type) => type.consent_type === "opt_in").id;
const optOut = live.find((type) => type.consent_type === "opt_out").id;
console.log("types:", types.data.length);

const email = `node-${Date.now()}-${process.pid}@example.com`;
const contact = await call("POST", "/contacts", { body: { email } });
const subscriptions = `/contacts/${contact.id}/subscriptions`;
console.log("created:", contact.role);

// Attaching an opt_in type opts the contact in; attaching an opt_out type opts the contact out.
await call("POST", subscriptions, { body: { id: optIn, consent_type: "opt_in" } });
await call("POST", subscriptions, { body: { id: optOut, consent_type: "opt_out" } });
let attached = ids(await call("GET", subscriptions));
assert.deepEqual(attached, [optIn, optOut]);
console.log("attached:", ...attached);

const detached = await call("DELETE", `${subscriptions}/${optIn}`);
attached = ids(await call("GET", subscriptions));
assert.deepEqual(attached, [optOut]);
console.log("detached:", detached.id);
console.log("attached:", ...attached);

let answer = await call("GET", "/contacts/000000000000000000000000/subscriptions", { status: 404 });
console.log("not found:", answer.errors[0].code, answer.errors[0].message);
answer = await call("GET", "/subscription_types", { status: 401, token: "wrong-token" });
console.log("unauthorized:", answer.errors[0].code, answer.errors[0].message);
