/**
 * A graded run in the XML that CI systems read as test results. An unknown verdict is a skipped test, so that it is counted and shown.
 * Source: the schema that Jenkins and GitLab accept (testsuites, testsuite, testcase, failure, skipped).
 */
import { curlOf } from './curl.ts';
import type { CheckRow, GradeReport } from './report.ts';

export function junitXml(report: GradeReport): string {
  const { dialect, checks, failed, unknown, seconds, started_at: startedAt, seed, leader } = report;
  const counts = `tests="${checks.length}" failures="${failed}" errors="0" skipped="${unknown}" time="${seconds}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="kvctl check" ${counts}>`,
    `  <testsuite name="kvctl check ${escaped(dialect)}" timestamp="${escaped(startedAt.replace(/Z$/, ''))}" hostname="${escaped(leader)}" ${counts}>`,
    `    <properties><property name="seed" value="${seed}"/></properties>`,
    ...checks.map((check) => testCase(check, dialect)),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function testCase({ id, title, verdict, why, seconds, evidence }: CheckRow, dialect: string): string {
  const head = `    <testcase classname="kvctl.check.${escaped(dialect)}" name="${escaped(`${id}: ${title}`)}" time="${seconds}"`;
  if (verdict === 'pass') return `${head}/>`;
  if (verdict === 'unknown') return `${head}><skipped message="${escaped(why)}"/></testcase>`;
  const text = [why, ...evidence.requests.map((request) => curlOf(request))].join('\n');
  return `${head}><failure message="${escaped(why)}" type="${escaped(id)}">${escaped(text)}</failure></testcase>`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };

/** Also without the characters that XML 1.0 has no way to hold, whatever a server answers. */
function escaped(text: string): string {
  return (
    text
      .toWellFormed()
      // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the point
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
      .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character)
      .replace(/[\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`)
  );
}
