// A leader that acknowledges a write as soon as it holds it itself, whatever the quorum says.
import { Leader } from '../../../src/core/leader.ts';

const put = Leader.prototype.put;
Leader.prototype.put = function (input, now) {
  put.call(this, { ...input, need: 0 }, now);
};
await import('../../../src/node/main.ts');
