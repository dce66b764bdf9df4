// A node that leads with its own data only, whatever the others hold and whatever it was asked, and says that this was safe.
import { Runtime } from '../../../src/node/runtime.ts';

const promote = Runtime.prototype.promote;
Runtime.prototype.promote = async function (wish) {
  const result = await promote.call(this, { ...wish, gathers: false, isForced: true });
  return result.ok ? { ...result, isForced: false } : result;
};
await import('../../../src/node/main.ts');
