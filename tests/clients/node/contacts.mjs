// The contacts side, told by Intercom's own clients for Node.js, unmodified: `node contacts.mjs 5`, 6 or 7.
// Prints what came of each step as one JSON object, the same one for every client.

import { createRequire } from "node:module";

const { SAYSO_URL, SAYSO_TOKEN } = process.env;
const MAJOR = process.argv[2];
const require = createRequire(import.meta.url);
const sdk = require(MAJOR === "7" ? "intercom-client" : `intercom-client-${MAJOR}`);

/** The generated clients, 6 and 7. */
function generated() {
  const client = new sdk.IntercomClient({ token: SAYSO_TOKEN, baseUrl: SAYSO_URL });
  const { contacts, tags, notes, companies } = client;
  return {
    user: (email, name) => contacts.create({ email }).then((one) => contacts.update({ contact_id: one.id, name })),
    lead: (email) => contacts.create({ role: "lead" }).then((one) => contacts.update({ contact_id: one.id, email })),
    find: (contact_id) => contacts.find({ contact_id }),
    search: async (query, per_page) => {
      const pages = [];
      for (let page = await contacts.search({ query, pagination: { per_page } }); ; page = await page.getNextPage()) {
        pages.push(page.data);
        if (!page.hasNextPage()) return pages;
      }
    },
    tag: (name) => tags.create({ name }),
    tagged: (contact_id, tag_id) => tags.tagContact({ contact_id, id: tag_id }),
    untagged: (contact_id, tag_id) => tags.untagContact({ contact_id, tag_id }),
    tagsOf: async (contact_id) => (await contacts.listAttachedTags({ contact_id })).data,
    allTags: async () => (await tags.list()).data,
    forgetTag: (tag_id) => tags.delete({ tag_id }),
    note: (contact_id, body, admin_id) => notes.create({ contact_id, body, admin_id }),
    notesOf: async (contact_id) => (await notes.list({ contact_id })).data,
    company: (company_id, name) => companies.createOrUpdate({ company_id, name }),
    join: (contact_id, company_id) => companies.attachContact({ contact_id, id: company_id }),
    leave: (contact_id, company_id) => companies.detachContact({ contact_id, company_id }),
    companiesOf: async (contact_id) => (await contacts.listAttachedCompanies({ contact_id })).data,
    people: async (company_id) => (await companies.listAttachedContacts({ company_id })).data,
    archive: (contact_id) => contacts.archive({ contact_id }),
    unarchive: (contact_id) => contacts.unarchive({ contact_id }),
    merge: (lead_id, contact_id) =>
      contacts.mergeLeadInUser({ from: lead_id, into: contact_id }),
    me: () => client.admins.identify(),
    code: (error) => error.body.errors[0].code,
  };
}

/** The client written by hand, 5. */
function handwritten() {
  const client = new sdk.Client({ tokenAuth: { token: SAYSO_TOKEN } });
  client.useRequestOpts({ baseURL: SAYSO_URL });
  const { contacts, tags, notes, companies } = client;
  return {
    user: (email, name) => contacts.createUser({ email, name }),
    lead: (email) => contacts.createLead({ email }),
    find: (id) => contacts.find({ id }),
    search: async (query, per_page) => {
      const pages = [];
      for (let starting_after; ; ) {
        const told = await contacts.search({ data: { query, pagination: { per_page, starting_after } } });
        pages.push(told.data);
        if (!told.pages.next) return pages;
        starting_after = told.pages.next.starting_after;
      }
    },
    tag: (name) => tags.create({ name }),
    tagged: (contactId, tagId) => tags.tagContact({ contactId, tagId }),
    untagged: (contactId, tagId) => tags.untagContact({ contactId, tagId }),
    tagsOf: async (id) => (await contacts.listAttachedTags({ id })).data,
    allTags: async () => (await tags.list()).data,
    forgetTag: (id) => tags.delete({ id }),
    note: (contactId, body, adminId) => notes.create({ contactId, body, adminId }),
    notesOf: async (contactId) => (await notes.list({ contactId })).data,
    company: (companyId, name) => companies.create({ companyId, name }),
    join: (contactId, companyId) => companies.attachContact({ contactId, companyId }),
    leave: (contactId, companyId) => companies.detachContact({ contactId, companyId }),
    companiesOf: async (id) => (await contacts.listAttachedCompanies({ id })).data,
    people: async (companyId) => (await companies.listAttachedContacts({ companyId })).data,
    archive: (id) => contacts.archive({ id }),
    unarchive: (id) => contacts.unarchive({ id }),
    merge: (leadId, userId) => contacts.mergeLeadInUser({ leadId, userId }),
    me: async () => (await client.admins.list()).admins[0],
    code: (error) => error.body.errors[0].code,
  };
}

const api = MAJOR === "5" ? handwritten() : generated();
const mine = (word) => `${word}-node-${MAJOR}`;
const ids = (list) => list.map((one) => one.id);
const told = {};

/** The code that a call fails with. */
const failing = (call) => call().then(() => "nothing", api.code);

const alice = await api.user(`${mine("alice")}@example.com`, mine("Alice"));
told.user = [alice.type, alice.role, alice.name === mine("Alice")];

const named = mine("Crowd");
for (let number = 0; number < 7; number += 1) await api.user(`${mine(`crowd${number}`)}@example.com`, named);
const pages = await api.search({ field: "name", operator: "=", value: named }, 3);
told.pages = pages.map((page) => page.length);
told.found_once = new Set(ids(pages.flat())).size;
const both = { operator: "AND", value: [{ field: "name", operator: "=", value: named }, { field: "email", operator: "~", value: "crowd3" }] };
told.narrowed = (await api.search(both, 5)).flat().length;

const tag = await api.tag(mine("tag"));
told.tagged = (await api.tagged(alice.id, tag.id)).name === tag.name;
told.tags = [ids(await api.tagsOf(alice.id)).join() === tag.id, ids(await api.allTags()).includes(tag.id)];
told.tag_in_contact = (await api.find(alice.id)).tags.total_count;
await api.untagged(alice.id, tag.id);
told.untagged = (await api.tagsOf(alice.id)).length;
await api.forgetTag(tag.id);
told.unknown_tag = await failing(() => api.tagged(alice.id, tag.id));

const admin = await api.me();
const note = await api.note(alice.id, "Called today", admin.id);
told.note = [note.type, note.body, note.author.id === admin.id];
told.notes = ids(await api.notesOf(alice.id)).join() === `${note.id}`;

const company = await api.company(mine("acme"), mine("Acme"));
told.company = [company.type, company.company_id === mine("acme")];
told.joined = (await api.join(alice.id, company.id)).id === company.id;
told.companies = (await api.companiesOf(alice.id)).map((one) => one.id === company.id);
told.people = ids(await api.people(company.id)).join() === alice.id;
await api.leave(alice.id, company.id);
told.left = (await api.companiesOf(alice.id)).length;

told.archived = (await api.archive(alice.id)).archived;
told.unarchived = (await api.unarchive(alice.id)).archived;

const lead = await api.lead(`${mine("lead")}@example.com`);
const merged = await api.merge(lead.id, alice.id);
told.merged = [lead.role, merged.id === alice.id, merged.role];
told.gone = await failing(() => api.find(lead.id));

console.log(JSON.stringify(told));
