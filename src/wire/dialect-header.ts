/**
 * How a caller asks a node for its native API where the node speaks a lab's dialect: `kvctl-dialect: native`. kvctl's own clients always
 * say so, so that every verb works on a node of any dialect, also on paths that the two have in common.
 */
export const DIALECT_HEADER = 'kvctl-dialect';
export const NATIVE = 'native';
