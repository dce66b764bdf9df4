// A node whose delays are whole milliseconds.
import { Network } from '../../../src/core/network.ts';

const drawDelays = Network.prototype.drawDelays;
Network.prototype.drawDelays = function (followers) {
  return drawDelays.call(this, followers).map(Math.round);
};
await import('../../../src/node/main.ts');
