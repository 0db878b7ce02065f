// A fetch that logs what the client sent and got, in the form of tap.mjs.

import { createHash } from 'node:crypto'
import { appendFileSync } from 'node:fs'

let n = 0

export const loggingFetch = (log) => async (url, init = {}) => {
  const number = n++
  const request = createHash('sha256').update(init.body ?? '').digest('hex')
  const answer = await fetch(url, init)
  const response = createHash('sha256')
  const write = (end) => appendFileSync(log, JSON.stringify({ n: number, method: init.method ?? 'GET', url: new URL(url).pathname, status: answer.status, request, response: response.digest('hex'), ...end }) + '\n')
  if (!answer.body) { write({}); return answer }
  const reader = answer.body.getReader()
  const body = new ReadableStream({
    async pull(to) {
      try {
        const { done, value } = await reader.read()
        if (done) { write({}); to.close() } else { response.update(value); to.enqueue(value) }
      } catch (e) { // the stream broke, or the client left
        write({ cut: true })
        to.error(e)
      }
    },
    cancel(why) { write({ cut: true }); return reader.cancel(why) },
  })
  return new Response(body, { status: answer.status, statusText: answer.statusText, headers: answer.headers })
}
