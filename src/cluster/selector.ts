/** Which nodes a selector means: a name, `leader`, `followers`, `all`, or several of these with commas. Pure: who leads is passed in. */
import { fail, ok, type Result } from '../lib/result.ts';

const ROLES = ['leader', 'followers', 'all'];

/** Whether it can only be resolved by who knows who leads. */
export function namesRole(selector: string): boolean {
  return wordsOf(selector).some((word) => word === 'leader' || word === 'followers');
}

/** The ids meant, each once, in the order of the cluster. `leader` null: nobody leads, and then every node is a follower. */
export function selectNodes(selector: string, ids: readonly string[], leader: string | null): Result<string[]> {
  const words = wordsOf(selector);
  const wrong = words.find((word) => !ids.includes(word) && !ROLES.includes(word));
  if (wrong !== undefined) {
    return fail(`expected nodes among ${ids.join(', ')}, leader, followers or all (or several, with commas), got ${JSON.stringify(wrong)}`);
  }
  const isMeant = (id: string) =>
    words.some((word) => word === id || word === 'all' || (word === 'leader' && id === leader) || (word === 'followers' && id !== leader));
  return ok(ids.filter(isMeant));
}

function wordsOf(selector: string): string[] {
  return selector.split(',').map((word) => word.trim());
}
