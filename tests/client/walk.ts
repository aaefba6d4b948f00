// Walks through the five resources of a running server with a client whose every type comes from the OpenAPI document.
// BASE, EMAIL and PASSWORD say which server and which administrator; what it makes, it takes away again.
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./generated/api.js";

type Problem = components["schemas"]["Problem"];
type Page = { data: { id: string }[]; has_more: boolean; next_cursor: string | null };

function setting(name: string): string {
  const value = process.env[name];
  assert.ok(value, `${name} is not set`);
  return value;
}

function step(what: string): void {
  console.log(`walk: ${what}`);
}

/** The body of an answer that has to have this status. */
async function good<T>(call: Promise<{ data?: T; error?: Problem; response: Response }>, status = 200): Promise<NonNullable<T>> {
  const { data, error, response } = await call;
  assert.equal(response.status, status, `${response.url}: ${response.status} ${JSON.stringify(error)}`);
  return data as NonNullable<T>;
}

/** The problem of an answer that has to be this refusal. */
async function refused(call: Promise<{ error?: Problem; response: Response }>, status: number, code: string): Promise<Problem> {
  const { error, response } = await call;
  assert.equal(response.status, status, `${response.url}: ${response.status} ${JSON.stringify(error)}`);
  assert.ok(error, `${response.url}: a refusal without a body`);
  assert.equal(error.code, code);
  assert.equal(error.status, status);
  assert.equal(response.headers.get("Error-Code"), code);
  assert.match(response.headers.get("Content-Type") ?? "", /^application\/problem\+json/);
  return error;
}

/** Reads a list of two rows one by one. */
async function inTwoPages(list: (at: { limit: number; cursor?: string }) => Promise<Page>, rows: { id: string }[]): Promise<void> {
  const first = await list({ limit: 1 });
  assert.ok(first.has_more && first.next_cursor !== null, "a second page");
  const second = await list({ limit: 1, cursor: first.next_cursor });
  assert.equal(second.has_more, false);
  assert.equal(second.next_cursor, null);
  const ids = (of: { id: string }[]) => of.map((row) => row.id).sort();
  assert.deepEqual(ids([...first.data, ...second.data]), ids(rows));
}

const baseUrl = setting("BASE");
const run = Date.now().toString(36);

step("log in");
const session = await good(
  createClient<paths>({ baseUrl }).POST("/api/v1/auth/login", { body: { email: setting("EMAIL"), password: setting("PASSWORD") } }),
);
const api = createClient<paths>({
  baseUrl,
  headers: { Authorization: `Bearer ${session.access_token}` },
  // As the document says of every list in a query: one parameter, with commas.
  querySerializer: { array: { style: "form", explode: false } },
});
await refused(createClient<paths>({ baseUrl }).GET("/api/v1/customers"), 401, "unauthenticated");

step("tiers");
const highest = (await good(api.GET("/api/v1/tiers", { params: { query: { sort: "-rank", limit: 1 } } }))).data[0];
const rank = (highest?.rank ?? 0) + 1;
const gold = await good(api.POST("/api/v1/tiers", { body: { code: `gold_${run}`, name: "金牌", rank, color: "#d4af37" } }), 201);
const silver = await good(api.POST("/api/v1/tiers", { body: { code: `silver_${run}`, name: "银牌", rank: rank + 1 } }), 201);
const codes = [gold.code, silver.code];
await inTwoPages((at) => good(api.GET("/api/v1/tiers", { params: { query: { "code[in]": codes, ...at } } })), [gold, silver]);

step("customers");
const created = await good(api.POST("/api/v1/customers", { body: { kind: "organization", name: `深圳市云帆科技有限公司 ${run}` } }), 201);
assert.equal(created.tier_id, null);
const customer = { params: { path: { id: created.id } } };
const other = await good(
  api.POST("/api/v1/customers", { body: { kind: "organization", name: `杭州江南茶业有限公司 ${run}`, tier_id: gold.id } }),
  201,
);
const raised = await good(api.POST("/api/v1/customers/{id}/tier", { ...customer, body: { tier_id: gold.id, reason: "framework contract" } }));
assert.equal(raised.tier_id, gold.id);
await inTwoPages((at) => good(api.GET("/api/v1/customers", { params: { query: { tier_id: gold.id, ...at } } })), [created, other]);

step("contacts");
const link = { customer_id: created.id, role: null, is_decision_maker: true, left_date: null };
const buyer = await good(
  api.POST("/api/v1/contacts", {
    body: { name: "王小明", title: "采购经理", email: `buyer-${run}@example.com`, links: [{ ...link, is_primary: true }] },
  }),
  201,
);
assert.equal(buyer.links[0]?.is_primary, true);
const engineer = await good(api.POST("/api/v1/contacts", { body: { name: "李华", links: [{ ...link, is_primary: false }] } }), 201);
await inTwoPages((at) => good(api.GET("/api/v1/contacts", { params: { query: { customer_id: created.id, ...at } } })), [buyer, engineer]);

step("opportunities");
const pipeline = (await good(api.GET("/api/v1/pipelines"))).data.find((one) => one.is_default);
assert.ok(pipeline, "a default pipeline");
const open = pipeline.stages.filter((stage) => stage.kind === "open");
const won = pipeline.stages.find((stage) => stage.kind === "won");
assert.ok(open[0] && won, "an open and a won stage");
const amount = { amount: "120000.00", currency: "CNY" };
const deal = await good(
  api.POST("/api/v1/opportunities", { body: { name: "一期工程", customer_id: created.id, contact_id: buyer.id, amount } }),
  201,
);
const opportunity = { params: { path: { id: deal.id } } };
assert.equal(deal.pipeline_id, pipeline.id);
assert.equal(deal.stage_id, open[0].id);
assert.deepEqual(deal.amount, amount);
assert.equal(Number(deal.weighted_amount?.amount), (120000 * open[0].probability) / 100);
const path = [...open.slice(1), won];
for (const stage of path) {
  const moved = await good(api.POST("/api/v1/opportunities/{id}/move", { ...opportunity, body: { to_stage_id: stage.id, note: stage.label.zh } }));
  assert.equal(moved.stage_id, stage.id);
  assert.equal(moved.stage_kind, stage.kind);
  assert.equal(moved.closed_at === null, stage.kind === "open");
}
const history = (await good(api.GET("/api/v1/opportunities/{id}/stage-history", opportunity))).data;
assert.deepEqual(history.map((stay) => stay.stage_id).sort(), [open[0], ...path].map((stage) => stage.id).sort());
assert.deepEqual(history.filter((stay) => stay.left_at === null).map((stay) => stay.stage_id), [won.id]);
const second = await good(api.POST("/api/v1/opportunities", { body: { name: "二期工程", customer_id: created.id } }), 201);
await inTwoPages((at) => good(api.GET("/api/v1/opportunities", { params: { query: { customer_id: created.id, ...at } } })), [deal, second]);

step("touch records");
const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();
const touch = { customer_id: created.id, contact_ids: [buyer.id], opportunity_id: deal.id, summary: "谈妥价格和交期" };
const call = await good(
  api.POST("/api/v1/touch-records", { body: { ...touch, type: "call", direction: "outbound", occurred_at: hoursAgo(1), duration_seconds: 600 } }),
  201,
);
const visit = await good(api.POST("/api/v1/touch-records", { body: { ...touch, type: "visit", occurred_at: hoursAgo(30) } }), 201);
assert.equal(call.author_id, session.user.id);
const touched = await good(api.GET("/api/v1/customers/{id}", customer));
assert.equal(touched.touch_count, 2);
assert.equal(touched.last_touch_at, call.occurred_at, "the latest, though it was written first");
await inTwoPages((at) => good(api.GET("/api/v1/touch-records", { params: { query: { customer_id: created.id, ...at } } })), [call, visit]);

step("the timeline");
const timeline = (await good(api.GET("/api/v1/customers/{id}/timeline", { params: { ...customer.params, query: { limit: 200 } } }))).data;
const kinds = ["touch_record", "stage_move", "owner_change", "tier_change", "lifecycle_change"] as const;
for (const entry of timeline) {
  assert.deepEqual(kinds.filter((kind) => entry[kind] !== null), [entry.type], "an entry tells what it is, and nothing else");
}
const count = (kind: (typeof kinds)[number]) => timeline.filter((entry) => entry.type === kind).length;
assert.equal(count("touch_record"), 2);
assert.ok(count("stage_move") >= path.length);
assert.ok(count("tier_change") >= 1);

step("changes that meet an old version, and refusals");
const etag = `"v${touched.version}"`;
const remark = (remarks: string) =>
  api.PATCH("/api/v1/customers/{id}", { params: { ...customer.params, header: { "If-Match": etag } }, body: { remarks } });
const remarked = await good(remark("年底前续签"));
assert.ok(remarked.version > touched.version);
const conflict = await refused(remark("too late"), 412, "version_conflict");
assert.equal(conflict.meta["current_version"], remarked.version);
const tooFine = { name: "三期工程", customer_id: created.id, amount: { amount: "1.005", currency: "CNY" } };
const invalid = await refused(api.POST("/api/v1/opportunities", { body: tooFine }), 422, "validation_failed");
assert.deepEqual(invalid.errors.map((error) => error.pointer), ["/amount/amount"]);
const tier = { params: { path: { id: gold.id } } };
await refused(api.DELETE("/api/v1/tiers/{id}", tier), 409, "in_use");

step("objects beside their ids");
const whole = await good(api.GET("/api/v1/opportunities/{id}", { params: { ...opportunity.params, query: { expand: ["customer.tier", "owner"] } } }));
assert.equal(whole.customer?.name, touched.name);
assert.equal(whole.customer?.tier?.code, gold.code);
assert.deepEqual(whole.owner, { id: session.user.id, name: session.user.name, is_active: true });
assert.equal(deal.customer, undefined, "only when it was asked for");
const listed = await good(
  api.GET("/api/v1/touch-records", { params: { query: { customer_id: created.id, sort: "-occurred_at", expand: ["contacts", "opportunity"] } } }),
);
assert.deepEqual(listed.data.map((row) => [row.contacts?.[0]?.name, row.opportunity?.id]), [[buyer.name, deal.id], [buyer.name, deal.id]]);

step("fields of one's own");
const label = { zh: "合同编号", en: "Contract number" };
const numberField = await good(
  api.POST("/api/v1/fields", { body: { resource: "customers", key: `contract_${run}`, label, type: "text", is_unique: true, pattern: "HT-[0-9]{4}" } }),
  201,
);
const contract = `custom.${numberField.key}`;
await good(api.PATCH("/api/v1/customers/{id}", { ...customer, body: { custom: { [numberField.key]: "HT-0001" } } }));
const wrongNumber = await refused(api.PATCH("/api/v1/customers/{id}", { ...customer, body: { custom: { [numberField.key]: "1" } } }), 422, "validation_failed");
assert.deepEqual(wrongNumber.errors.map((error) => error.pointer), [`/custom/${numberField.key}`]);
const byContract = await good(api.POST("/api/v1/customers/search", { body: { filter: { field: contract, op: "eq", value: "ht-0001" } } }));
assert.deepEqual(byContract.data.map((row) => [row.id, row.custom?.[numberField.key]]), [[created.id, "HT-0001"]]);
const described = await good(api.GET("/api/v1/meta/resources/{resource}", { params: { path: { resource: "customers" } } }));
assert.ok(described.fields.some((field) => field.name === contract && field.is_custom));
const ownField = { params: { path: { id: numberField.id } } };
await refused(api.DELETE("/api/v1/fields/{id}", ownField), 409, "not_retired");
await good(api.POST("/api/v1/fields/{id}/retire", ownField));
await good(api.DELETE("/api/v1/fields/{id}", ownField), 204);
assert.deepEqual((await good(api.GET("/api/v1/customers/{id}", customer))).custom, {});

step("upserts, and a retry that is done once");
const reference = { system: "erp", value: `C/${run}` };
const byRef = { params: { path: reference } };
await refused(api.GET("/api/v1/customers/by-ref/{system}/{value}", byRef), 404, "not_found");
const synced = { kind: "organization" as const, name: `苏州同步软件有限公司 ${run}`, owner_id: session.user.id };
const key = { "Idempotency-Key": crypto.randomUUID() };
const upsert = () => api.PATCH("/api/v1/customers/by-ref/{system}/{value}", { params: { path: reference, header: key }, body: synced });
const firstTime = await upsert();
const again = await upsert();
assert.deepEqual([firstTime.response.status, again.response.status], [201, 201]);
assert.equal(again.response.headers.get("Idempotency-Replayed"), "true");
assert.deepEqual(again.data, firstTime.data);
const grown = await good(api.PATCH("/api/v1/customers/by-ref/{system}/{value}", { ...byRef, body: { employee_count: 40 } }));
assert.equal(grown.version, 2);
assert.deepEqual(await good(api.GET("/api/v1/customers/by-ref/{system}/{value}", byRef)), grown);
const createOnly = { params: { path: reference, header: { "If-None-Match": "*" as const } }, body: synced };
const existing = await refused(api.PATCH("/api/v1/customers/by-ref/{system}/{value}", createOnly), 412, "already_exists");
assert.equal(existing.meta["existing_id"], grown.id);

step("batches");
const rows: components["schemas"]["BatchOperation"][] = [
  { op: "upsert", ref: "one", external_ref: reference, data: { employee_count: 41 } },
  { op: "create", ref: "two", data: { kind: "organization", name: `无锡批量制造有限公司 ${run}` } },
  { op: "create", ref: "three", data: { kind: "organization" } },
];
const checked = { params: { query: { validate_only: true } }, body: { mode: "partial" as const, operations: rows } };
const tried = await good(api.POST("/api/v1/customers/batch", checked), 207);
assert.deepEqual(tried.results.map((row) => [row.status, row.id]), [[200, null], [201, null], [422, null]]);
const undone = await refused(api.POST("/api/v1/customers/batch", { body: { mode: "atomic", operations: rows } }), 422, "validation_failed");
assert.deepEqual(undone.errors.map((error) => error.pointer), ["/operations/2/data/name"]);
assert.deepEqual(undone.results?.map((row) => row["status"]), [424, 424, 422]);
const partial = await good(api.POST("/api/v1/customers/batch", { body: { mode: "partial", operations: rows } }), 207);
assert.deepEqual(partial.summary, { succeeded: 2, failed: 1 });
const [one, two, three] = partial.results;
assert.equal(one?.data?.employee_count, 41);
assert.ok(two?.id && three?.problem);
assert.deepEqual(three.problem.errors.map((error) => error.pointer), ["/data/name"]);
const fetched = await good(api.POST("/api/v1/customers/batch-get", { body: { ids: [two.id, grown.id, customer.params.path.id], fields: ["name"] } }));
assert.deepEqual(fetched.data.map((row) => row.id), [two.id, grown.id, created.id]);
assert.deepEqual(fetched.missing, []);

step("searches");
const found = await good(
  api.POST("/api/v1/customers/search", {
    body: {
      filter: { and: [{ field: "name", op: "contains", value: run }, { or: [{ field: "employee_count", op: "gte", value: 41 }, { field: "tier.rank", op: "eq", value: rank }] }] },
      fields: ["name", "employee_count"],
      sort: "-created_at",
    },
  }),
);
assert.deepEqual(found.data.map((row) => row.id), [grown.id, other.id, created.id]);
assert.equal(found.data[0]?.employee_count, 41);
assert.equal(found.data[0]?.version, undefined, "only the members that were asked for");
const misspelt = { filter: { field: "employee_cuont", op: "eq" as const, value: 1 } };
const unknown = await refused(api.POST("/api/v1/customers/search", { body: misspelt }), 422, "validation_failed");
assert.equal(unknown.errors[0]?.meta["did_you_mean"], "employee_count");
const said = await good(api.GET("/api/v1/customers", { params: { query: { q: "批量制造", "name[contains]": run } } }));
assert.deepEqual(said.data.map((row) => row.id), [two.id]);
for (const id of [grown.id, two.id]) {
  await good(api.DELETE("/api/v1/customers/{id}", { params: { path: { id } } }), 204);
}

step("delete and restore");
await good(api.DELETE("/api/v1/customers/{id}", customer), 204);
await refused(api.GET("/api/v1/customers/{id}", customer), 404, "not_found");
await refused(api.GET("/api/v1/opportunities/{id}", opportunity), 404, "not_found");
await good(api.POST("/api/v1/customers/{id}/restore", customer));
assert.equal((await good(api.GET("/api/v1/opportunities/{id}", opportunity))).stage_id, won.id);

step("clean up");
for (const { id } of [created, other]) {
  await good(api.POST("/api/v1/customers/{id}/tier", { params: { path: { id } }, body: { tier_id: null, reason: "the walk is over" } }));
  await good(api.DELETE("/api/v1/customers/{id}", { params: { path: { id } } }), 204);
}
for (const { id } of [buyer, engineer]) {
  await good(api.DELETE("/api/v1/contacts/{id}", { params: { path: { id } } }), 204);
}
for (const { id } of [gold, silver]) {
  await good(api.DELETE("/api/v1/tiers/{id}", { params: { path: { id } } }), 204);
}
step("all five resources answered as the document says");
