// A leader that waits for every follower, whatever the quorum says.
import { Leader } from '../../../src/core/leader.ts';

const put = Leader.prototype.put;
Leader.prototype.put = function (input, now) {
  put.call(this, { ...input, need: this.links.length }, now);
};
await import('../../../src/node/main.ts');
