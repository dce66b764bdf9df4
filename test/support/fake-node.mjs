// A stand-in for a node, for the tests of the process driver only: it is started like one (SPEC 8's environment), answers /health,
// /status and /admin/network like one, and replicates nothing. Its leader calls a link streaming if the follower answers.
import { createServer } from 'node:http';
import process from 'node:process';

const env = process.env;
const members = (env.NODES ?? '')
  .split(',')
  .map((entry) => ({ id: entry.slice(0, entry.indexOf('=')), url: entry.slice(entry.indexOf('=') + 1) }));
const others = members.filter(({ id }) => id !== env.NODE_ID);
/** @type {Record<string, { delay: string, loss: number, is_partitioned: boolean, one_way: string | null }>} */
const network = Object.fromEntries(others.map(({ id }) => [id, { delay: '0', loss: 0, is_partitioned: false, one_way: null }]));

/** @param {string} msg */
const log = (msg) => console.log(JSON.stringify({ level: 30, time: Date.now(), pid: process.pid, node: env.NODE_ID, msg }));

/** @param {{ id: string, url: string }} member */
async function replica({ id, url }) {
  const isUp = await fetch(`${url}/health`, { signal: AbortSignal.timeout(300) })
    .then((response) => response.json())
    .then(
      (health) => /** @type {{ token?: string }} */ (health).token === env.CLUSTER_TOKEN,
      () => false,
    );
  const link = isUp ? 'stream' : 'probe';
  return {
    node: id,
    url,
    link,
    is_up: isUp,
    silent_ms: 0,
    is_blank: false,
    watermark: '1.0',
    lag_records: 0,
    lag_ms: 0,
    in_flight: 0,
    queued: 0,
  };
}

async function status() {
  const isLeader = env.ROLE === 'leader';
  return {
    node: env.NODE_ID,
    role: env.ROLE,
    phase: isLeader ? 'open' : 'following',
    waiting_for: null,
    epoch: 1,
    lineage: 'fake',
    incarnation: 'fake',
    is_blank: false,
    is_draining: false,
    members,
    leader: members[0]?.id ?? null,
    head: '1.0',
    watermark: '1.0',
    committed_through: '1.0',
    write_quorum: Number(env.WRITE_QUORUM),
    k_min: null,
    forced_epoch: null,
    waiting_writes: 0,
    keys: 0,
    store: env.STORE,
    dialect: 'kvctl',
    data_dir: env.DATA_DIR ?? null,
    pid: process.pid,
    uptime_ms: process.uptime() * 1000,
    loop: { active_ms: 0, idle_ms: 0, cpu_user_ms: 0, cpu_system_ms: 0, rss_bytes: 0 },
    notices: [],
    replicas: isLeader ? await Promise.all(others.map(replica)) : [],
  };
}

/** @param {import('node:http').IncomingMessage} request */
async function answer(request) {
  if (request.url === '/health') return { status: 'ok', role: env.ROLE, node_id: env.NODE_ID, epoch: 1, token: env.CLUSTER_TOKEN };
  if (request.url === '/status') return status();
  if (request.method === 'POST') {
    let text = '';
    for await (const chunk of request) text += chunk;
    for (const [id, change] of Object.entries(JSON.parse(text).nodes)) {
      // Each ends what the other began.
      const open = 'is_partitioned' in change || 'one_way' in change ? { is_partitioned: false, one_way: null } : {};
      Object.assign(network[id] ?? {}, open, change);
    }
  }
  return { seed: 1, writes_since_seed: 0, nodes: network };
}

const server = createServer(async (request, response) => {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(await answer(request)));
});
server.once('error', () => process.exit(98));
server.listen(Number(env.PORT), env.HOST, () => log('listening'));
process.on('SIGTERM', () => {
  log('draining');
  process.exit(0);
});
