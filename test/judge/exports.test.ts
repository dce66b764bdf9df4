import { describe, expect, test } from 'vitest';
import { edn, knossosFiles } from '../../src/judge/edn.ts';
import { type History, parseHistory } from '../../src/judge/history.ts';
import { porcupineText } from '../../src/judge/porcupine.ts';

function history(...lines: readonly object[]): History {
  const parsed = parseHistory(lines.map((line) => JSON.stringify({ key: 'a', ...line })));
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.value;
}

const LINES = [
  { process: 'x', type: 'invoke', f: 'write', value: 1 },
  { process: 'y', type: 'invoke', f: 'read' },
  { process: 'x', type: 'info', f: 'write', error: 'timeout' },
  { process: 'y', type: 'ok', f: 'read', value: null },
  { process: 'x', type: 'invoke', f: 'delete' },
  { process: 'x', type: 'ok', f: 'delete' },
  { process: 'y', type: 'invoke', f: 'write', value: 'b c' },
  { process: 'y', type: 'fail', f: 'write', error: 'not_leader' },
];

describe('for Knossos', () => {
  test('absent is a value of its own, and a client goes on under a new number after what nobody knows of', () => {
    expect(knossosFiles(history(...LINES))).toEqual([
      {
        name: '1-a.edn',
        text: `; key "a"
{:process 0, :type :invoke, :f :write, :value :absent}
{:process 0, :type :ok, :f :write, :value :absent}
{:process 1, :type :invoke, :f :write, :value 1}
{:process 2, :type :invoke, :f :read, :value nil}
{:process 2, :type :ok, :f :read, :value :absent}
{:process 3, :type :invoke, :f :write, :value :absent}
{:process 3, :type :ok, :f :write, :value :absent}
{:process 2, :type :invoke, :f :write, :value "b c"}
{:process 2, :type :fail, :f :write, :value "b c"}
{:process 1, :type :info, :f :write, :value 1}
`,
      },
    ]);
  });

  test('a cas is a pair, refused or not', () => {
    const [file] = knossosFiles(
      history({ process: 1, type: 'invoke', f: 'cas', value: [null, 2] }, { process: 1, type: 'fail', f: 'cas' }),
    );
    expect(file?.text).toContain(':type :invoke, :f :cas, :value [:absent 2]}\n');
    expect(file?.text).toContain(':type :fail, :f :cas, :value [:absent 2]}\n');
  });

  test('every key has a file, whose name is one whatever the key is', () => {
    const keys = ['a/b', '..', '\ud800', 'é', 'k'.repeat(500)];
    const files = knossosFiles(history(...keys.map((key, process) => ({ process, type: 'invoke', f: 'read', key }))));
    for (const { name } of files) expect(name).toMatch(/^\d-[\w.%-]{1,64}\.edn$/);
    expect(new Set(files.map(({ name }) => name)).size).toBe(keys.length);
  });

  test('JSON becomes EDN', () => {
    expect(edn({ a: [1.5, null, true], 'b "c"': 'd\n\\b\b' })).toBe('{"a" [1.5 nil true], "b \\"c\\"" "d\\n\\\\b\\u0008"}');
  });
});

describe('for Porcupine', () => {
  test('absent is the empty text, what failed is left out, and what nobody knows of has no end', () => {
    expect(porcupineText(history(...LINES))).toEqual({
      ok: true,
      value: `{:process 0, :type :invoke, :f :put, :key "a", :value "1"}
{:process 1, :type :invoke, :f :get, :key "a", :value nil}
{:process 1, :type :ok, :f :get, :key "a", :value ""}
{:process 2, :type :invoke, :f :put, :key "a", :value ""}
{:process 2, :type :ok, :f :put, :key "a", :value ""}
`,
    });
  });

  test('no two values have the same text', () => {
    const values = ['a', '"a"', '1', 1, 'true', true, '', 'null', {}, '{}', 'a b', ['a'], 'x"y', 'x\ny'];
    const exported = porcupineText(history(...values.map((value, process) => ({ process, type: 'invoke', f: 'write', value }))));
    const texts = exported.ok ? exported.value.trimEnd().split('\n') : [];
    expect(texts).toHaveLength(values.length);
    expect(new Set(texts.map((line) => /:value "(.*)"}$/.exec(line)?.[1])).size).toBe(values.length);
  });

  test('a cas cannot be exported', () => {
    expect(porcupineText(history({ process: 1, type: 'invoke', f: 'cas', value: [1, 2] }))).toMatchObject({
      ok: false,
      message: expect.stringContaining('got the cas of line 1'),
    });
  });
});
