/**
 * The URL of a worker's compiled module.
 *
 * Node 20 cannot run TypeScript, and under vitest a module's own URL ends in `.ts`; a worker started
 * from there must load the compiled twin in `dist/`, which `npm test` builds first.
 *
 * @param moduleUrl `import.meta.url` of the caller
 * @param specifier relative path of the worker, ending in `.js`
 */
export function workerUrl(moduleUrl: string, specifier: string): URL {
  const url = new URL(specifier, moduleUrl);
  if (!moduleUrl.endsWith('.ts')) return url;
  const source = url.href.lastIndexOf('/src/');
  return new URL(`${url.href.slice(0, source)}/dist${url.href.slice(source)}`);
}
