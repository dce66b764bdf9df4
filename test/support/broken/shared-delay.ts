// A node that draws one delay per write instead of one per write and follower.
import { Network } from '../../../src/core/network.ts';

const drawDelays = Network.prototype.drawDelays;
Network.prototype.drawDelays = function (followers) {
  const delays = drawDelays.call(this, followers);
  return delays.fill(delays[0] ?? 0);
};
await import('../../../src/node/main.ts');
