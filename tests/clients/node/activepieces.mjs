// The actions of ActivePieces for contacts, companies, tags, notes and events, unmodified: `node activepieces.mjs`.
// Prints what came of each as one JSON object. SAYSO_COMPANY and SAYSO_CONTACT are ids of ones that are there.

import { createRequire } from "node:module";

const { SAYSO_URL, SAYSO_TOKEN, SAYSO_CONTACT, SAYSO_COMPANY } = process.env;
const INTERCOM = "https://api.intercom.io";

// The piece names Intercom's host in its code. Whatever else it calls is refused, so that nothing leaves the machine.
const send = globalThis.fetch;
globalThis.fetch = (address, options) => {
  const url = String(address);
  if (!url.startsWith(INTERCOM)) throw new Error(`${url} is not Intercom's`);
  return send(SAYSO_URL + url.slice(INTERCOM.length), options);
};

const piece = createRequire(import.meta.url)("@activepieces/piece-intercom").intercom;
const auth = { type: "CUSTOM_AUTH", props: { accessToken: SAYSO_TOKEN, region: "intercom" } };
const run = (name, propsValue = {}) => piece.getAction(name).run({ auth, propsValue });

/** The choices that a property of an action offers. */
const choices = async (name, property, values = {}) => {
  const found = await piece.getAction(name).props[property].options({ auth, ...values });
  return found.options.map((option) => option.value);
};

const done = {};
const createdAt = "2026-01-02T03:04:05Z";

const user = await run("create-user", { email: "ap-user@example.com", userId: "ap-user", name: "Ada", createdAt });
done.user = [user.role, user.external_id, user.signed_up_at];
const same = await run("create-or-update-user", { email: "ap-user@example.com", userId: "ap-user", name: "Ada L." });
done.same_user = [same.id === user.id, same.name];
const other = await run("create-or-update-user", { email: "ap-other@example.com", userId: "ap-other", createdAt });
done.other_user = [other.role, other.id !== user.id];
const lead = await run("create-or-update-lead", { name: "Lee", email: "ap-lead@example.com", unsubscribe: true, createdAt });
done.lead = [lead.role, lead.unsubscribed_from_emails];
done.same_lead = (await run("create-or-update-lead", { leadId: lead.id, name: "Lea" })).name;
done.found_user = [];
for (const [searchField, searchValue] of [["email", "ap-user@example.com"], ["external_id", "ap-user"], ["id", user.id]]) {
  done.found_user.push((await run("find-user", { searchField, searchValue })).found);
}
done.no_user = (await run("find-user", { searchField: "email", searchValue: "ap-nobody@example.com" })).found;
done.found_lead = (await run("find-lead", { searchField: "email", searchValue: "ap-lead@example.com" })).lead.id === lead.id;
done.or_lead = [];
for (let round = 0; round < 2; round += 1) {
  const search = { searchField: "email", searchValue: "ap-or@example.com", name: "Or" };
  done.or_lead.push((await run("find-or-create-lead", search)).created);
}

const company = await run("create-or-update-company", {
  companyId: "ap", name: "Pieces", plan: "Pro", size: 3, website: "https://example.com", industry: "Software",
  monthlySpend: 12, remoteCreatedAt: createdAt, customAttributes: { paid: true },
});
done.company = [company.company_id, company.plan.name, company.size];
done.found_company = [];
for (const [searchField, searchValue] of [["company_id", "ap"], ["name", "Pieces"]]) {
  done.found_company.push((await run("find-company", { searchField, searchValue })).user.id === company.id);
}
done.or_company = (await run("find-or-create-company", { companyId: "ap", name: "Pieces" })).created;
// Intercom answers 404 for a company that is not there, and the action does not expect it.
done.no_company = await run("find-or-create-company", { companyId: "ap-none" }).catch((error) => error.statusCode);

done.tags = (await run("list-all-tags")).data.map((tag) => tag.name);
const [tagId] = await choices("add-or-remove-tag-on-contact", "tagId");
done.contacts_to_choose_from = (await choices("add-or-remove-tag-on-contact", "contactId")).length > 0;
done.companies_to_choose_from = (await choices("add-or-remove-tag-on-company", "companyId")).length > 0;
done.tagged = [];
for (const untag of [false, true]) {
  done.tagged.push((await run("add-or-remove-tag-on-contact", { contactId: SAYSO_CONTACT, tagId, untag })).id === tagId);
  const tagged = await run("add-or-remove-tag-on-company", { companyId: SAYSO_COMPANY, tagName: "Pieces", untag });
  done.tagged.push(tagged.name);
}

const note = await run("add-note-to-user", { email: "ap-user@example.com", body: "Hello" });
done.note = [note.body, note.contact.id === user.id];

done.events = [];
for (const [identifierType, identifierValue] of [["email", "ap-user@example.com"], ["user_id", "ap-user"], ["id", user.id]]) {
  const event = { identifierType, identifierValue, eventName: `by-${identifierType}`, metadata: { plan: "Pro" } };
  done.events.push((await run("create-data-event", event)).success);
}

console.log(JSON.stringify(done));
