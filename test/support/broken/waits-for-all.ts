// A leader that waits for every follower, whatever the quorum says, unless it says that nobody is waited for.
import { Leader } from '../../../src/core/leader.ts';

const put = Leader.prototype.put;
Leader.prototype.put = function (input, now) {
  put.call(this, { ...input, need: input.need === 0 ? 0 : this.links.length }, now);
};
await import('../../../src/node/main.ts');
