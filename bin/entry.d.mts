/** The package's root directory, absolute: scenarios/, Dockerfile and package.json are there. */
export const packageRoot: string;
/** The absolute file of a module named relative to src/ without extension: `'node/main'` is in dist/<hash>/ or in src/. */
export function resolveEntry(relative: string): string;
