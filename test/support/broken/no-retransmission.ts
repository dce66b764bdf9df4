// A leader that counts on every record to arrive: what the network loses is not sent again within anybody's patience.
import { Network } from '../../../src/core/network.ts';

Network.prototype.drawAgain = () => 600_000;
await import('../../../src/node/main.ts');
