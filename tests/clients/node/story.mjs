// Intercom's own client for Node.js, unmodified: prints what came of each step as one JSON object.

import { Intercom, IntercomClient } from "intercom-client";

const { SAYSO_URL, SAYSO_TOKEN } = process.env;
const open = (more = {}) => new IntercomClient({ baseUrl: SAYSO_URL, token: SAYSO_TOKEN, ...more });
const client = open();
const nobody = "0".repeat(24);
const ids = (list) => list.data.map((one) => one.id);

/** What a call fails with. */
async function failing(call) {
  try {
    await call();
    return "nothing";
  } catch (error) {
    const { code, message } = error.body.errors[0];
    return [error.constructor.name, error.statusCode, code, message];
  }
}

const told = {};

const types = (await client.subscriptionTypes.list()).data;
const optIn = types.find((type) => type.consent_type === "opt_in").id;
const optOut = types.find((type) => type.consent_type === "opt_out").id;
told.types = types.length;

const contact = await client.contacts.create({ email: "node@example.com" });
const contact_id = contact.id;
told.created = [contact.role, contact.email];

const first = await client.contacts.attachSubscription({ contact_id, id: optIn, consent_type: "opt_in" });
await client.contacts.attachSubscription({ contact_id, id: optOut, consent_type: "opt_out" });
told.attached = [first.type, ids(await client.contacts.listAttachedSubscriptions({ contact_id }))];
told.detached = (await client.contacts.detachSubscription({ contact_id, subscription_id: optIn })).id;
told.left = ids(await client.contacts.listAttachedSubscriptions({ contact_id }));

told.unknown_contact = await failing(() => client.contacts.listAttachedSubscriptions({ contact_id: nobody }));
told.unknown_type = await failing(() =>
  client.contacts.attachSubscription({ contact_id, id: "invalid_id", consent_type: "opt_in" }),
);
told.wrong_token = await failing(() => open({ token: "wrong-token" }).subscriptionTypes.list());
told.error_classes = [Intercom.NotFoundError.name, Intercom.UnauthorizedError.name];

told.identified = (await client.admins.identify()).app.region;
told.updated = (await client.contacts.update({ contact_id, name: "Alice" })).name;
told.versions = [];
for (const version of ["1.0", "2.7", "2.11", "2.14", "Unstable"]) {
  told.versions.push((await open({ version }).contacts.find({ contact_id })).name);
}

// Eight calls at once, and then a walk through everybody, page by page.
const made = await Promise.all(
  Array.from({ length: 8 }, (_, number) => client.contacts.create({ email: `node-${number}@example.com` })),
);
const both = await Promise.all(
  made.map(async (one) => {
    await client.contacts.attachSubscription({ contact_id: one.id, id: optIn, consent_type: "opt_in" });
    return ids(await client.contacts.listAttachedSubscriptions({ contact_id: one.id }));
  }),
);
told.at_once = both.map((list) => list.join());

let page = await client.contacts.list({ per_page: 3 });
const total = page.response.total_count;
const walked = page.data.map((one) => one.id);
told.pages = 1;
while (page.hasNextPage()) {
  page = await page.getNextPage();
  walked.push(...page.data.map((one) => one.id));
  told.pages += 1;
}
told.walked_all_once = walked.length === total && new Set(walked).size === total;
told.deleted = (await client.contacts.delete({ contact_id })).deleted;

console.log(JSON.stringify(told));
