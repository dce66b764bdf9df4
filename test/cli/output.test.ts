import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { ColorMode } from '../../src/cli/color.ts';
import type { Format } from '../../src/cli/format.ts';
import { Output } from '../../src/cli/output.ts';
import { KvctlError } from '../../src/wire/errors.ts';

interface Terminal {
  readonly format?: Format;
  readonly color?: ColorMode;
  readonly isQuiet?: boolean;
  readonly isTty?: boolean;
  readonly env?: NodeJS.ProcessEnv;
}

/** An Output over streams that remember what was written to them. */
function outputOn({ format = 'table', color = 'auto', isQuiet = false, isTty = false, env = {} }: Terminal = {}) {
  const written = { stdout: '', stderr: '' };
  const stream = (name: 'stdout' | 'stderr') => {
    const write = (chunk: Buffer, _encoding: string, done: () => void) => {
      written[name] += chunk.toString();
      done();
    };
    return Object.assign(new Writable({ write }), { isTTY: isTty }) as unknown as NodeJS.WriteStream & { fd: 1 };
  };
  const out = new Output({ format, color, isQuiet }, { stdout: stream('stdout'), stderr: stream('stderr') as never, env });
  return { out, written };
}

const parity = {
  table: () => 'two rows',
  json: { parity: [{ node: 'n2' }] },
  rows: [
    { node: 'n2', status: 'match', missing: 0, keys: [] },
    { node: 'n3', status: 'lag', missing: 2, keys: ['a,"b"', 'c|d'] },
  ],
};

describe('a result', () => {
  test.each<[Format, string]>([
    ['table', 'two rows\n'],
    ['json', '{\n  "schema_version": 1,\n  "parity": [\n    {\n      "node": "n2"\n    }\n  ]\n}\n'],
    [
      'ndjson',
      '{"node":"n2","status":"match","missing":0,"keys":[]}\n{"node":"n3","status":"lag","missing":2,"keys":["a,\\"b\\"","c|d"]}\n',
    ],
    ['csv', 'node,status,missing,keys\nn2,match,0,[]\nn3,lag,2,"[""a,\\""b\\"""",""c|d""]"\n'],
    [
      'md',
      '| node | status | missing | keys |\n| --- | --- | ---: | --- |\n| n2 | match | 0 | [] |\n| n3 | lag | 2 | ["a,\\\\"b\\\\"","c\\|d"] |\n',
    ],
  ])('as %s', (format, expected) => {
    const { out, written } = outputOn({ format });
    out.result(parity);
    expect(written).toEqual({ stdout: expected, stderr: '' });
  });

  test('without rows is its own only row', () => {
    const { out, written } = outputOn({ format: 'csv' });
    out.result({ table: () => '', json: { write_quorum: 5, previous: 3 } });
    expect(written.stdout).toBe('schema_version,write_quorum,previous\n1,5,3\n');
  });

  test('may bring its own Markdown', () => {
    const { out, written } = outputOn({ format: 'md' });
    out.result({ ...parity, md: () => '# parity' });
    expect(written.stdout).toBe('# parity\n');
  });

  test('is computed only in the form that was asked for', () => {
    const { out } = outputOn({ format: 'json' });
    const table = () => expect.unreachable('nobody asked for a table');
    expect(() => out.result({ ...parity, table })).not.toThrow();
  });
});

describe('remarks', () => {
  test('go to stderr, and --quiet leaves only warnings', () => {
    for (const isQuiet of [false, true]) {
      const { out, written } = outputOn({ isQuiet });
      out.note('a remark');
      out.warn('look out');
      expect(written).toEqual({ stdout: '', stderr: isQuiet ? 'warning: look out\n' : 'a remark\nwarning: look out\n' });
    }
  });
});

describe('a failure', () => {
  const error = new KvctlError('key_not_found', 'no such key', { key: 'a' });

  test('is a message on stderr', () => {
    const { out, written } = outputOn();
    out.failure(error);
    expect(written).toEqual({ stdout: '', stderr: 'kvctl: no such key\n' });
  });

  test.each<Format>(['json', 'ndjson'])('is a document too with -o %s', (format) => {
    const { out, written } = outputOn({ format });
    out.failure(error);
    const document = { schema_version: 1, error: 'key_not_found', message: 'no such key', definite: true, detail: { key: 'a' } };
    expect(JSON.parse(written.stdout)).toEqual(document);
  });

  test('after the result leaves the one document that was printed', () => {
    const { out, written } = outputOn({ format: 'json' });
    out.result(parity);
    const { stdout } = written;
    out.failure(error);
    expect(written.stdout).toBe(stdout);
  });
});

describe('a table', () => {
  const rows = [
    ['n1', 'leader', 12.5],
    ['n10', null, 3],
  ];

  test('is aligned columns without lines in a pipe', () => {
    const { out } = outputOn();
    expect(out.table(['node', 'role', '>lag'], rows)).toBe('node  role     lag\nn1    leader  12.5\nn10   -          3');
  });

  test('is boxed on a terminal', () => {
    const { out } = outputOn({ isTty: true, color: 'never' });
    expect(out.table(['node', 'role', '>lag'], rows)).toBe(
      [
        '┌──────┬────────┬──────┐',
        '│ node │ role   │  lag │',
        '├──────┼────────┼──────┤',
        '│ n1   │ leader │ 12.5 │',
        '│ n10  │ -      │    3 │',
        '└──────┴────────┴──────┘',
      ].join('\n'),
    );
  });

  test('is columns on a terminal that is too narrow for the box, and when it is long', () => {
    const { out } = outputOn({ isTty: true, color: 'never' });
    expect(out.table(['key'], [['k'.repeat(76)]])).toContain('│');
    expect(out.table(['key'], [['k'.repeat(77)]])).toBe(`key\n${'k'.repeat(77)}`);
    expect(out.table(['key'], Array(300).fill(['k']))).toContain('│');
    expect(out.table(['key'], Array(301).fill(['k']))).not.toContain('│');
  });

  test('shows control characters instead of obeying them, and keeps colours and wide characters in line', () => {
    const { out } = outputOn({ color: 'always' });
    const text = out.table(
      ['key', 'x'],
      [
        ['a\nb\u001b[2J\u009b', 1],
        ['日本', 2],
        [out.paint('red', 'red'), 3],
      ],
    );
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what colours are made of
    expect(text.replace(/\u001b\[\d+m/g, '')).toBe(
      'key                  x\na\\nb\\u001b[2J\\u009b  1\n日本                 2\nred                  3',
    );
    expect(text).toContain('\u001b[31mred\u001b[39m');
  });

  test('without rows is its heading', () => {
    expect(outputOn().out.table(['key', 'value'], [])).toBe('key  value');
  });
});

describe('colour', () => {
  test.each<[string, Terminal, boolean]>([
    ['is on for a terminal', { isTty: true }, true],
    ['is off for a pipe', {}, false],
    ['is off for a dumb terminal', { isTty: true, env: { TERM: 'dumb' } }, false],
    ['is off with NO_COLOR', { isTty: true, env: { NO_COLOR: '1' } }, false],
    ['ignores an empty NO_COLOR', { isTty: true, env: { NO_COLOR: '' } }, true],
    ['is on with FORCE_COLOR in a pipe', { env: { FORCE_COLOR: '1' } }, true],
    ['is off with FORCE_COLOR=0 on a terminal', { isTty: true, env: { FORCE_COLOR: '0' } }, false],
    ['obeys --color never before all', { isTty: true, color: 'never', env: { FORCE_COLOR: '1' } }, false],
    ['obeys --color always before all', { color: 'always', env: { NO_COLOR: '1' } }, true],
  ])('%s', (_name, terminal, isOn) => {
    expect(outputOn(terminal).out.paint('red', 'x')).toBe(isOn ? '\u001b[31mx\u001b[39m' : 'x');
  });
});
