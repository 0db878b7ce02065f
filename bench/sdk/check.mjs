// Holds what clients, a tap before the server and a capture between them saw of the
// same requests against each other.
//
//     node check.mjs DIR
//
// DIR has, of a run straight to the tap and of one through the capture,
// said-{direct,proxied}.jsonl, client-{...}.jsonl and tap-{...}.jsonl, and
// rows.jsonl, the captured rows.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const dir = process.argv[2]
const lines = (name) => readFileSync(join(dir, name + '.jsonl'), 'utf8').trim().split('\n').map((l) => JSON.parse(l))
// logs of several clients, one after the other, each in the order of its requests
const log = (name) => {
  const runs = []
  for (const e of lines(name)) {
    const run = runs.at(-1)
    if (!run || run.some((o) => o.n === e.n)) runs.push([e]); else run.push(e)
  }
  return runs.flatMap((r) => r.sort((a, b) => a.n - b.n))
}

const said = { direct: lines('said-direct'), proxied: lines('said-proxied') }
assert.equal(said.proxied.length, said.direct.length)
const same = (a, b, message) => assert.equal(JSON.stringify(a), JSON.stringify(b), message)
said.proxied.forEach((p, i) => same(p.said, said.direct[i].said, `${p.name}: the SDK was told something else through the capture`))

const taps = { direct: log('tap-direct'), proxied: log('tap-proxied') }
for (const way of ['direct', 'proxied']) {
  const client = log(`client-${way}`)
  assert.equal(client.length, taps[way].length, `${way}: the server got another number of requests than were sent`)
  client.forEach((c, i) => {
    const t = taps[way][i]
    const name = `${way}, request ${i} (${c.method} ${c.url})`
    assert.equal(t.request, c.request, `${name}: the request's bytes changed`)
    assert.equal(t.status, c.status, `${name}: the status changed`)
    // a client that leaves at an error may do so when the server has said all
    assert.ok(c.cut || !t.cut, `${name}: the server's side was cut and the client's was not`)
    if (!c.cut) assert.equal(c.response, t.response, `${name}: the response's bytes changed`)
  })
}
taps.proxied.forEach((p, i) => {
  const d = taps.direct[i]
  for (const field of ['method', 'url', 'headers', 'request', 'status', 'answered'])
    same(p[field], d[field], `request ${i}: ${field} of ${p.method} ${p.url} changed on its way through the capture`)
})

const rows = lines('rows')
assert.equal(rows.length, said.proxied.length, 'rows and requests differ in number')
said.proxied.forEach(({ name, row: want }, i) => {
  const row = rows[i]
  const kinds = row.chunk_kind ?? []
  const got = {
    api: row.api, outcome: row.outcome, stream: row.stream, output_tokens: row.output_tokens,
    contents: kinds.filter((k) => k === 'content' || k === 0).length,
    kind: kinds.some((k) => k === 'tool' || k === 2) && !kinds.some((k) => k === 'content' || k === 0) ? 'tool' : 'other',
  }
  for (const [field, value] of Object.entries(want)) assert.equal(got[field], value, `${name}: ${field} of its row`)
})
console.log(`${rows.length} requests: the SDKs heard the same, every byte and header field passed unchanged, every row is right`)
