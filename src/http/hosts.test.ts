// Hosts and origins as browsers write them.
import { describe, expect, it } from 'vitest'
import { isForeign } from './guard.ts'
import { canonicalHost, hostAndPort, loopbackHosts } from './hosts.ts'

it.each([
  ['127.0.0.1:7860', '127.0.0.1:7860'],
  ['LocalHost:80', 'localhost'],
  ['app.test:443', 'app.test'],
  ['app.test:8443', 'app.test:8443'],
  ['[::1]:80', '[::1]'],
  ['[0:0::1]:7860', '[::1]:7860'],
  ['', undefined],
  ['a b', undefined],
  ['user@127.0.0.1', undefined],
  ['127.0.0.1/x', undefined],
  ['127.0.0.1:99999', undefined],
  ['a,b', undefined],
  ['127.0.0.1\t', undefined],
])('Host %j is %j', (host, canonical) => {
  expect(canonicalHost(host)).toBe(canonical)
})

it('a server on port 80 is called without it', () => {
  expect(loopbackHosts(80)).toEqual(['127.0.0.1', 'localhost'])
  expect(hostAndPort('::1', 7860)).toBe('[::1]:7860')
})

describe('a request is foreign', () => {
  it.each([
    [{}, undefined, false],
    [{ origin: 'http://app.test' }, undefined, false],
    [{ origin: 'https://app.test' }, undefined, false],
    [{ origin: 'https://app.test:443' }, undefined, false],
    [{ origin: 'https://app.test' }, 'https', false],
    [{ origin: 'http://app.test' }, 'https', true],
    [{ origin: 'https://app.test' }, 'http', true],
    [{ origin: 'https://app.test:8443' }, undefined, true],
    [{ origin: 'https://app.test.evil.example' }, undefined, true],
    [{ origin: 'https://evil.example/app.test' }, undefined, true],
    [{ origin: 'null' }, undefined, true],
    [{ origin: '' }, undefined, true],
    [{ origin: 'ftp://app.test' }, undefined, true],
    [{ 'sec-fetch-site': 'same-origin', origin: 'https://app.test' }, 'http', false],
    [{ 'sec-fetch-site': 'none' }, undefined, false],
    [{ 'sec-fetch-site': 'same-site', origin: 'https://app.test' }, undefined, true],
    [{ 'sec-fetch-site': 'cross-site' }, undefined, true],
    [{ 'sec-fetch-site': '' }, undefined, true],
  ] as const)('%j by %s: %j', (headers, scheme, foreign) => {
    expect(isForeign(headers, 'app.test', scheme)).toBe(foreign)
  })
})
