/**
 * Plain data as the YAML that other tools read: one document after the other, a comment at the front.
 *
 * Those tools read YAML 1.1, where `yes`, `1e3` and `12:30` are no strings; so every string that any version of YAML would take
 * for something else is quoted.
 */
import { stringify } from 'yaml';

/** `comment`: lines without their `#`; an empty one stays empty. */
export function renderYaml(comment: readonly string[], documents: readonly object[]): string {
  const head = comment.map((line) => `#${line === '' ? '' : ` ${line}`}\n`).join('');
  const options = { compat: 'yaml-1.1', lineWidth: 0, aliasDuplicateObjects: false } as const;
  return `${head}${documents.map((document) => `---\n${stringify(document, options)}`).join('')}`;
}
