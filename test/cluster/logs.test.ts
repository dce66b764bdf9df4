import { appendFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type LogLine, mergeLogLines, ndjsonLogLine, parseLogLine, renderLogLine } from '../../src/cluster/log-lines.ts';
import { followLogs, tailLog } from '../../src/cluster/logs.ts';
import { makeHome, until } from './sandbox.ts';

const at = (time: number, msg: string, more: object = {}) =>
  JSON.stringify({ level: 30, time, pid: 1, hostname: 'h', node: 'n1', ...more, msg });

describe('a line of a log', () => {
  test('is rendered as time, node, level, message and fields', () => {
    const time = new Date(2025, 0, 1, 21, 4, 5, 67).getTime();
    const line = parseLogLine('n1', at(time, 'link up', { peer: 'n2', after_ms: 12, why: 'two words', list: [1] }));
    expect(renderLogLine(line)).toBe('21:04:05.067 n1 info  link up peer=n2 after_ms=12 why="two words" list=[1]');
  });

  test('may name its time as a number or as text', () => {
    expect(parseLogLine('n1', '{"time":1700000000000}').timeMs).toBe(1_700_000_000_000);
    expect(parseLogLine('n1', '{"time":"2023-11-14T22:13:20.000Z"}').timeMs).toBe(1_700_000_000_000);
    expect(parseLogLine('n1', '{"time":"soon"}').timeMs).toBeNull();
  });

  test('with an error has its stack under it', () => {
    const text = JSON.stringify({ level: 60, time: 0, err: { type: 'Error', message: 'no', stack: 'Error: no\n    at a' }, msg: 'dying' });
    expect(renderLogLine(parseLogLine('n1', text))).toMatch(/fatal dying err=\nError: no\n {4}at a$/);
  });

  test('that is no JSON keeps its words, and becomes JSON where JSON is asked for', () => {
    const line = parseLogLine('n1', '{ not json');
    expect(renderLogLine(line)).toBe('             n1 { not json');
    expect(JSON.parse(ndjsonLogLine(line))).toEqual({ node: 'n1', msg: '{ not json' });
  });

  test('stays as it is as ndjson if it names its node, and is told it otherwise', () => {
    expect(ndjsonLogLine(parseLogLine('n1', at(1, 'a')))).toBe(at(1, 'a'));
    expect(ndjsonLogLine(parseLogLine('n1', '{"msg":"a"}'))).toBe('{"node":"n1","msg":"a"}');
  });
});

test('logs are merged by time, and a stack trace stays with its error', () => {
  const lines = (node: string, ...texts: string[]) => texts.map((text) => parseLogLine(node, text));
  const merged = mergeLogLines([
    lines('n1', at(10, 'a'), 'Error: x', '    at y', at(40, 'd')),
    lines('n2', 'first words', at(20, 'b'), at(30, 'c')),
  ]);
  expect(merged.map(({ text }) => (text.startsWith('{') ? JSON.parse(text).msg : text))).toEqual([
    'first words',
    'a',
    'Error: x',
    '    at y',
    'b',
    'c',
    'd',
  ]);
});

describe('the end of a log', () => {
  test('is its last lines, however long they are, and nothing of a file that is not there', () => {
    const log = join(makeHome(), 'n1.log');
    expect(tailLog({ id: 'n1', log }, 3)).toEqual({ lines: [], size: 0 });
    const long = 'ä'.repeat(100_000);
    writeFileSync(log, `1\n2\n${long}\n4\n`);
    expect(tailLog({ id: 'n1', log }, 3).lines.map(({ text }) => text)).toEqual(['2', long, '4']);
    expect(tailLog({ id: 'n1', log }, 9).lines).toHaveLength(4);
    expect(tailLog({ id: 'n1', log }, 0).lines).toEqual([]);
    appendFileSync(log, 'unfinished');
    expect(tailLog({ id: 'n1', log }, 1).lines.map(({ text }) => text)).toEqual(['unfinished']);
  });

  test('is followed by whole lines only, also after the file began anew, until the signal', async () => {
    const home = makeHome();
    const source = { id: 'n1', log: join(home, 'n1.log') };
    writeFileSync(source.log, 'old\n');
    const seen: string[] = [];
    const stop = new AbortController();
    const collect = (lines: LogLine[]) => void seen.push(...lines.map(({ text }) => text));
    const following = followLogs([source], new Map([['n1', 4]]), collect, stop.signal);
    const half = Buffer.from('ä\n');
    appendFileSync(source.log, Buffer.concat([Buffer.from('new\n'), half.subarray(0, 1)]));
    await until('the first line is seen', () => seen.length === 1);
    appendFileSync(source.log, half.subarray(1));
    await until('the second line is seen', () => seen.length === 2);
    truncateSync(source.log);
    appendFileSync(source.log, 'a\n');
    await until('the file that began anew is read', () => seen.length === 3);
    stop.abort();
    await following;
    expect(seen).toEqual(['new', 'ä', 'a']);
  });
});
