/**
 * Node's `http` and `crypto`, taken without an ES import. An ES import of a built-in module reads every property that it has, and so loads what hangs
 * on lazy getters: `http.WebSocket` alone brings Node's whole fetch, 10 MB of a node's resident memory; there are N+1 nodes on one machine.
 */
export const { createServer } = process.getBuiltinModule('node:http');
export const { createHash, randomBytes, randomInt, randomUUID, timingSafeEqual } = process.getBuiltinModule('node:crypto');
