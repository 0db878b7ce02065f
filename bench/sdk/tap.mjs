// Passes requests on to a server and logs what went by, byte for byte: a line of
// JSON a request, with digests of both bodies.
//
//     node tap.mjs UPSTREAM LOG
//
// It prints its own URL and goes on until it is killed.

import { createHash } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import http from 'node:http'

const [upstream, log] = process.argv.slice(2)
const { port } = new URL(upstream)
const hop = new Set(['connection', 'keep-alive', 'transfer-encoding', 'host', 'date'])
let n = 0

// fields are the end-to-end ones, sorted; case says nothing in their names.
const fields = (raw) => {
  const pairs = []
  for (let i = 0; i < raw.length; i += 2) if (!hop.has(raw[i].toLowerCase())) pairs.push([raw[i].toLowerCase(), raw[i + 1]])
  return pairs.sort()
}

const server = http.createServer((req, res) => {
  const entry = { n: n++, method: req.method, url: req.url, headers: fields(req.rawHeaders), request: createHash('sha256'), response: createHash('sha256') }
  const breakOff = () => { entry.cut = true; res.destroy() }
  const out = http.request({ port, method: req.method, path: req.url, headers: req.rawHeaders, setHost: false, agent: false }, (answer) => {
    entry.status = answer.statusCode
    entry.answered = fields(answer.rawHeaders)
    res.sendDate = false
    res.writeHead(answer.statusCode, fields(answer.rawHeaders).flat())
    res.flushHeaders()
    answer.on('data', (b) => { entry.response.update(b); res.write(b) })
    answer.on('end', () => res.end())
    answer.on('error', breakOff)
  })
  out.on('error', breakOff)
  req.on('data', (b) => { entry.request.update(b); out.write(b) })
  req.on('end', () => out.end())
  res.on('close', () => {
    if (!res.writableFinished) { entry.cut = true; out.destroy() }
    appendFileSync(log, JSON.stringify({ ...entry, request: entry.request.digest('hex'), response: entry.response.digest('hex') }) + '\n')
  })
}).listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`))
