/** A judged history as the command line prints it. */
import type { Judgement, Verdict } from '../../judge/judgement.ts';
import { visible } from '../../lib/text.ts';
import { violationText } from '../../report/history/text.ts';
import { conclusionText, judgesTable } from '../../report/history/wording.ts';
import { layOut } from '../lay-out.ts';
import type { Output, Result } from '../output.ts';

/** The others are in the document. */
const SHOWN_VIOLATIONS = 3;
const SHOWN_UNDECIDED = 5;
/** Where stdout is no terminal. */
const WIDTH = 120;
const STYLE = { ok: 'green', violation: 'red', unknown: 'yellow' } as const satisfies Record<Verdict, string>;

export function showJudgement(out: Output, judgement: Judgement): Result {
  return {
    table: () => forPeople(out, judgement),
    json: judgement,
    rows: judgement.judges.map(({ judge, verdict, keys, why }) => ({ judge, verdict, ...keys, why })),
  };
}

function forPeople(out: Output, judgement: Judgement): string {
  const { verdict, violations, undecided } = judgement;
  const shown = violations.slice(0, SHOWN_VIOLATIONS).map((violation) => {
    const { title, why, chart } = violationText(violation, out.isTty ? out.width : WIDTH);
    return `${out.paint('bold', title)}\n  ${why}\n\n${chart}`;
  });
  const more = violations.length - shown.length;
  const open = undecided.slice(0, SHOWN_UNDECIDED).map(({ key, why }) => `key ${visible(JSON.stringify(key))} is unknown: ${why}`);
  return [
    layOut(out, judgesTable(judgement)),
    ...shown,
    ...(more > 0 ? [`… and ${more} more violations, all of them with -o json`] : []),
    ...(open.length > 0 ? [open.join('\n')] : []),
    out.paint(STYLE[verdict], conclusionText(judgement)),
  ].join('\n\n');
}
