/** Who is who in somebody's Compose file, by what `docker compose config` prints of it. */
import { expect, test } from 'vitest';
import { parseComposeConfig } from '../../src/grade/compose-file.ts';
import { LAB_NAMES, readLabText } from '../support/lab-compose.ts';

/** A file of these services, each a line of YAML's flow style. */
const file = (services: Readonly<Record<string, string>>) =>
  `services:\n${Object.entries(services)
    .map(([name, text]) => `  ${name}: ${text}`)
    .join('\n')}\n`;

test.each(LAB_NAMES)('the nodes of %s are told apart by its own variables, or by the names where it has none', (lab) => {
  const parsed = parseComposeConfig(readLabText(lab));
  if (!parsed.ok) throw new Error(parsed.message);
  expect(parsed.value.leader.name).toBe('leader');
  expect(parsed.value.followers.map(({ name }) => name)).toEqual(['follower1', 'follower2', 'follower3', 'follower4', 'follower5']);
});

test.each([
  ['port 8000 of both notations', '[{ target: 8000, published: "9000" }]'],
  ['with an address', '["127.0.0.1:9000:8000/tcp"]'],
  ['without one', '["9000:8000"]'],
  ['published anywhere', '["8000"]'],
])('a port is the one inside: %s', (_what, ports) => {
  const parsed = parseComposeConfig(
    file({ boss: `{ environment: { ROLE: leader }, ports: ${ports} }`, hand: `{ environment: [ROLE=follower], ports: ${ports} }` }),
  );
  expect(parsed).toMatchObject({
    ok: true,
    value: { leader: { name: 'boss', port: 8000 }, followers: [{ name: 'hand', port: 8000 }], quorum: null },
  });
});

test('services that are neither are left out, and a role told goes before a name', () => {
  const parsed = parseComposeConfig(
    file({
      'follower-a': '{ environment: { NODE_TYPE: Leader, WRITE_QUORUM: 2 }, ports: ["1:1"] }',
      'follower-b': '{ ports: ["2:2"] }',
      grafana: '{ ports: ["3:3"] }',
    }),
  );
  expect(parsed).toMatchObject({ ok: true, value: { leader: { name: 'follower-a' }, followers: [{ name: 'follower-b' }], quorum: 2 } });
});

test.each([
  ['no YAML', 'a: [', /no YAML/],
  ['nothing', '', /got 0 and 0 \(services: none\)/],
  ['a list', '- a', /got 0 and 0/],
  ['two leaders', file({ leader1: '{ ports: ["1:1"] }', leader2: '{ ports: ["2:2"] }', follower: '{ ports: ["3:3"] }' }), /got 2 and 1/],
  [
    'a hidden node',
    file({ leader: '{ ports: ["1:1"] }', follower: '{}' }),
    /expected a published port of every node, got none of follower/,
  ],
])('%s is an error that says what is missing', (_what, text, message) => {
  const parsed = parseComposeConfig(text);
  expect(parsed).toMatchObject({ ok: false, message: expect.stringMatching(message) });
});
