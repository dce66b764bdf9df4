/** How the figures come about, in the words of SPEC: what every report says below its results. */

export const METHOD: readonly { readonly term: string; readonly text: string }[] = [
  {
    term: 'Latency',
    text: 'from the client’s call to its parsed answer, of successful writes only; in an open loop from the moment the request was to start. Percentile p of n is the ⌈p·n/100⌉-th smallest, so it is always a latency that some write had.',
  },
  {
    term: '95 % interval',
    text: 'of the mean, by Student’s t: 95 of 100 runs like this one would cover the true mean with it.',
  },
  {
    term: 'Model',
    text: 'the mean of the k-th smallest of N delays, one per follower: what waiting for k of N followers costs before any software does. For delays uniform on [a, b] it is a + (b − a)·k/(N + 1), for others it is computed numerically.',
  },
  {
    term: 'Floor',
    text: 'of one write: the k-th smallest of the delays that the leader really drew for it and reports with its answer. No system could have answered sooner.',
  },
  {
    term: 'Overhead',
    text: 'latency minus floor, write by write: what the software and this machine cost. Not shown with simulated loss, where a delay may be drawn more than once.',
  },
  {
    term: 'Replication latency',
    text: 'admission of a write by the leader to a follower’s ack, the delay included, of all followers, those that nobody waited for too.',
  },
  {
    term: 'Same delays',
    text: 'before each quorum the seed of the simulated network is set again, so that write i meets the same delays at every quorum.',
  },
  {
    term: 'Parity',
    text: 'every replica holds the leader’s keys, values and versions. Looked at once at the last answer of each quorum, where lag is no fault, and again after settling.',
  },
  {
    term: 'Verdict',
    text: 'inconclusive where the mean should not be believed: delays below five times the cost of a request, or a generator or leader that was busy more than 80 % of the time.',
  },
];
