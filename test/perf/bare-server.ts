/**
 * What Node itself can do, for the ratio: a bare `node:http` server that parses the same JSON and answers the same bytes as `PUT /kv/:key`,
 * and does nothing else. Started as a process of its own; prints its port.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

let seq = 0;
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { value } = JSON.parse(Buffer.concat(chunks).toString()) as { value: unknown };
    const key = decodeURIComponent((request.url ?? '').slice('/kv/'.length));
    const body = JSON.stringify({ key, value, version: `1.${++seq}`, follower_acks: 3, required: 3, quorum_met: true, node: 'n1' });
    response.writeHead(200, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(body),
      'server-timing': 'store;dur=0.123, quorum;dur=0.456, floor;dur=0.000',
    });
    response.end(body);
  });
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
process.on('SIGTERM', () => process.exit(0));
