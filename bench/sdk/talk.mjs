// Talks to a server through the official SDKs and prints what they made of its
// answers, a line of JSON a request: what was said, and the row that a capture of it
// must have. Exits with 1 where an SDK was given something else than it should.
//
//     node talk.mjs BASE_URL LOG
//     node talk.mjs BASE_URL LOG broken     against a server whose streams fail
//
// BASE_URL is without /v1. LOG gets the bytes that passed (fetch.mjs).

import assert from 'node:assert/strict'
import { createAnthropic } from '@ai-sdk/anthropic'
import { createOpenAI } from '@ai-sdk/openai'
import Anthropic from '@anthropic-ai/sdk'
import { generateText, stepCountIs, streamText, tool } from 'ai'
import { Ollama } from 'ollama'
import OpenAI from 'openai'
import { z } from 'zod'
import { loggingFetch } from './fetch.mjs'

const [base, log, broken] = process.argv.slice(2)
const fetch = loggingFetch(log)
const model = 'metron-sim'
const apiKey = 'sk-not-a-secret'
const openai = new OpenAI({ baseURL: `${base}/v1`, apiKey, maxRetries: 0, fetch })
const anthropic = new Anthropic({ baseURL: base, apiKey, maxRetries: 0, fetch })
const ollama = new Ollama({ host: base, fetch })
const ai = {
  openai: createOpenAI({ baseURL: `${base}/v1`, apiKey, fetch }),
  anthropic: createAnthropic({ baseURL: `${base}/v1`, apiKey, fetch }),
}

const messages = [{ role: 'user', content: 'What is the weather in Paris?' }]
const parameters = { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] }
const functions = [{ type: 'function', function: { name: 'weather', description: 'of a place', parameters } }]
const responsesTools = [{ type: 'function', name: 'weather', description: 'of a place', parameters, strict: false }]
const anthropicTools = [{ name: 'weather', description: 'of a place', input_schema: parameters }]
const aiTools = { weather: tool({ description: 'of a place', inputSchema: z.object({ text: z.string() }) }) }

const say = (name, said, row) => console.log(JSON.stringify({ name, said, row }))
const isCall = (name, args) => { assert.equal(name, 'weather'); assert.equal(typeof (typeof args === 'string' ? JSON.parse(args) : args).text, 'string') }

// failure is how an SDK tells that a call failed.
const failure = async (call) => {
  try { await call() } catch (e) { return { class: e.constructor.name, status: e.status ?? e.statusCode, message: String(e.message).split('\n')[0] } }
  throw new Error('nothing failed')
}

// leave counts the first chunks of a stream and then leaves it.
const leave = async (stream, chunks) => {
  let n = 0
  for await (const _ of stream) if (++n === chunks) break
  return { n }
}

async function ofOpenAI() {
  const ask = { model, messages, max_tokens: 24 }
  let text = '', usage, reason, n = 0
  for await (const c of await openai.chat.completions.create({ ...ask, stream: true, stream_options: { include_usage: true } })) {
    const [choice] = c.choices
    if (choice?.delta.content) { text += choice.delta.content; n++ }
    reason = choice?.finish_reason ?? reason
    usage = c.usage ?? usage
  }
  assert.equal(usage.completion_tokens, n)
  say('chat, streamed', { text, usage, reason }, { api: 'openai.chat', outcome: 'ok', stream: true, output_tokens: n, contents: n })

  const whole = await openai.chat.completions.create(ask)
  assert.equal(whole.choices[0].message.content, text)
  say('chat', { text: whole.choices[0].message.content, usage: whole.usage }, { api: 'openai.chat', outcome: 'ok', stream: false, output_tokens: n, contents: 0 })

  const two = await openai.chat.completions.stream({ ...ask, n: 2 }).finalChatCompletion()
  say('chat, two choices by the helper', two.choices.map((c) => [c.message.content, c.finish_reason]), { api: 'openai.chat', outcome: 'ok', stream: true, contents: 48 })

  const called = await openai.chat.completions.stream({ model, messages, tools: functions, tool_choice: 'required' }).finalChatCompletion()
  const call = called.choices[0].message.tool_calls[0].function
  isCall(call.name, call.arguments)
  assert.equal(called.choices[0].finish_reason, 'tool_calls')
  say('chat, a tool streamed', call, { api: 'openai.chat', outcome: 'ok', stream: true, kind: 'tool' })

  const calledWhole = await openai.chat.completions.create({ model, messages, tools: functions, tool_choice: { type: 'function', function: { name: 'weather' } } })
  isCall(calledWhole.choices[0].message.tool_calls[0].function.name, calledWhole.choices[0].message.tool_calls[0].function.arguments)
  say('chat, a tool', calledWhole.choices[0].message.tool_calls[0].function, { api: 'openai.chat', outcome: 'ok', stream: false })

  text = ''
  for await (const c of await openai.completions.create({ model, prompt: 'Once upon a time', max_tokens: 12, stream: true })) text += c.choices[0]?.text ?? ''
  say('completions, streamed', { text }, { api: 'openai.completions', outcome: 'ok', stream: true, contents: 12 })

  let final
  text = ''
  for await (const e of await openai.responses.create({ model, input: 'What is the weather?', max_output_tokens: 16, stream: true })) {
    if (e.type === 'response.output_text.delta') text += e.delta
    if (e.type === 'response.incomplete') final = e.response
  }
  assert.equal(final.output[0].content[0].text, text)
  say('responses, streamed', { text, usage: final.usage, why: final.incomplete_details }, { api: 'openai.responses', outcome: 'ok', stream: true, output_tokens: 16, contents: 16 })

  const response = await openai.responses.create({ model, input: 'What is the weather?', max_output_tokens: 16 })
  assert.equal(response.output_text, text)
  say('responses', { text: response.output_text, usage: response.usage }, { api: 'openai.responses', outcome: 'ok', stream: false, output_tokens: 16 })

  const asked = await openai.responses.stream({ model, input: 'What is the weather?', tools: responsesTools, tool_choice: 'required' }).finalResponse()
  isCall(asked.output[0].name, asked.output[0].arguments)
  say('responses, a tool by the helper', { call: asked.output[0].arguments, status: asked.status }, { api: 'openai.responses', outcome: 'ok', stream: true, kind: 'tool' })

  say('models', (await openai.models.list()).data.map((m) => m.id), { api: 'other', outcome: 'ok' })
  say('chat, no such model', await failure(() => openai.chat.completions.create({ ...ask, model: 'none' })), { api: 'openai.chat', outcome: 'http_error' })
  say('chat, nothing asked', await failure(() => openai.chat.completions.create({ model, messages: [], stream: true })), { api: 'openai.chat', outcome: 'http_error' })
  say('responses, no such model', await failure(() => openai.responses.create({ model: 'none', input: 'a', stream: true })), { api: 'openai.responses', outcome: 'http_error' })
  say('chat, left', await leave(await openai.chat.completions.create({ model, messages, max_tokens: 4000, stream: true }), 5), { api: 'openai.chat', outcome: 'client_abort', stream: true })
  say('responses, left', await leave(await openai.responses.create({ model, input: 'a', max_output_tokens: 4000, stream: true }), 9), { api: 'openai.responses', outcome: 'client_abort', stream: true })
}

async function ofAnthropic() {
  const ask = { model, messages, max_tokens: 20, system: 'Be brief.' }
  const streamed = await anthropic.messages.stream(ask).finalMessage()
  say('messages by the helper', { text: streamed.content[0].text, usage: streamed.usage, reason: streamed.stop_reason }, { api: 'anthropic.messages', outcome: 'ok', stream: true, output_tokens: 20, contents: 20 })

  let text = ''
  for await (const e of await anthropic.messages.create({ ...ask, stream: true })) if (e.type === 'content_block_delta') text += e.delta.text
  assert.equal(text, streamed.content[0].text)
  say('messages, streamed', { text }, { api: 'anthropic.messages', outcome: 'ok', stream: true, output_tokens: 20, contents: 20 })

  const whole = await anthropic.messages.create(ask)
  assert.equal(whole.content[0].text, text)
  say('messages', { text: whole.content[0].text, usage: whole.usage }, { api: 'anthropic.messages', outcome: 'ok', stream: false, output_tokens: 20 })

  const called = await anthropic.messages.stream({ ...ask, max_tokens: 4000, tools: anthropicTools, tool_choice: { type: 'any' } }).finalMessage()
  isCall(called.content[0].name, called.content[0].input)
  assert.equal(called.stop_reason, 'tool_use')
  say('messages, a tool by the helper', called.content[0].input, { api: 'anthropic.messages', outcome: 'ok', stream: true, kind: 'tool' })

  const calledWhole = await anthropic.messages.create({ ...ask, max_tokens: 4000, tools: anthropicTools, tool_choice: { type: 'tool', name: 'weather' } })
  isCall(calledWhole.content[0].name, calledWhole.content[0].input)
  say('messages, a tool', calledWhole.content[0].input, { api: 'anthropic.messages', outcome: 'ok', stream: false })

  say('messages, no such model', await failure(() => anthropic.messages.create({ ...ask, model: 'none' })), { api: 'anthropic.messages', outcome: 'http_error' })
  say('messages, left', await leave(await anthropic.messages.create({ ...ask, max_tokens: 4000, stream: true }), 8), { api: 'anthropic.messages', outcome: 'client_abort', stream: true })
}

async function ofAI() {
  for (const [name, of, api] of [
    ['chat', ai.openai.chat(model), 'openai.chat'],
    ['responses', ai.openai.responses(model), 'openai.responses'],
    ['messages', ai.anthropic(model), 'anthropic.messages'],
  ]) {
    const ask = { model: of, prompt: 'What is the weather in Paris?', maxOutputTokens: 18, maxRetries: 0, onError() {} }
    const streamed = streamText(ask)
    let text = ''
    for await (const part of streamed.textStream) text += part
    assert.equal((await streamed.usage).outputTokens, 18)
    say(`ai, ${name}, streamed`, { text, usage: await streamed.usage, reason: await streamed.finishReason }, { api, outcome: 'ok', stream: true, output_tokens: 18, contents: 18 })

    const whole = await generateText(ask)
    assert.equal(whole.text, text)
    say(`ai, ${name}`, { text: whole.text, usage: whole.usage }, { api, outcome: 'ok', stream: false, output_tokens: 18 })

    const called = streamText({ ...ask, maxOutputTokens: 4000, tools: aiTools, toolChoice: 'required', stopWhen: stepCountIs(1) })
    await called.consumeStream()
    const [call] = await called.toolCalls
    isCall(call.toolName, call.input)
    say(`ai, ${name}, a tool streamed`, { input: call.input, reason: await called.finishReason }, { api, outcome: 'ok', stream: true, kind: 'tool' })

    const leaving = new AbortController()
    const left = streamText({ ...ask, maxOutputTokens: 4000, abortSignal: leaving.signal })
    let n = 0
    for await (const part of left.fullStream) if (part.type === 'text-delta' && ++n === 3) leaving.abort()
    say(`ai, ${name}, left`, { left: true }, { api, outcome: 'client_abort', stream: true })
  }
}

async function ofOllama() {
  const options = { num_predict: 15 }
  for (const [api, ask, textOf] of [
    ['ollama.chat', (stream) => ollama.chat({ model, messages, options, stream }), (part) => part.message.content],
    ['ollama.generate', (stream) => ollama.generate({ model, prompt: 'Once upon a time', options, stream }), (part) => part.response],
  ]) {
    let text = '', last
    for await (const part of await ask(true)) { text += textOf(part); last = part }
    assert.equal(last.eval_count, 15)
    say(`${api}, streamed`, { text, count: last.eval_count, why: last.done_reason }, { api, outcome: 'ok', stream: true, output_tokens: 15, contents: 15 })
    const whole = await ask(false)
    assert.equal(textOf(whole), text)
    say(api, { text: textOf(whole) }, { api, outcome: 'ok', stream: false, output_tokens: 15 })
  }
  say('ollama, no such model', await failure(() => ollama.chat({ model: 'none', messages })), { api: 'ollama.chat', outcome: 'http_error' })
  const left = await ollama.chat({ model, messages, options: { num_predict: 4000 }, stream: true })
  let n = 0
  try {
    for await (const _ of left) if (++n === 5) left.abort() // what was read already still comes
  } catch (e) { assert.equal(e.name, 'AbortError') }
  say('ollama, left', { left: true }, { api: 'ollama.chat', outcome: 'client_abort', stream: true })
}

// ofBroken asks a server that reports an error amid each stream.
async function ofBroken() {
  const drain = async (stream) => { for await (const _ of stream); }
  say('chat breaks', await failure(async () => drain(await openai.chat.completions.create({ model, messages, max_tokens: 9, stream: true }))), { api: 'openai.chat', outcome: 'stream_error', stream: true })
  let event // this SDK hands it over and throws nothing
  for await (const e of await openai.responses.create({ model, input: 'a', max_output_tokens: 9, stream: true })) event = e
  assert.equal(event.type, 'error')
  say('responses break', event, { api: 'openai.responses', outcome: 'stream_error', stream: true })
  say('messages break', await failure(async () => drain(await anthropic.messages.create({ model, messages, max_tokens: 9, stream: true }))), { api: 'anthropic.messages', outcome: 'stream_error', stream: true })
}

if (broken) {
  await ofBroken()
} else {
  await ofOpenAI()
  await ofAnthropic()
  await ofAI()
  await ofOllama()
}
