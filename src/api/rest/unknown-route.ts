/** What no route answers: 405 with Allow when the path has other methods, else 404. */
import { problem } from '../application/errors.js';
import { sendProblem } from './problem.js';
import type { RestServer } from './routes/route-types.js';

export function answerUnknownRoutes(server: RestServer): void {
  const methodsByUrl = new Map<
    string,
    { readonly pattern: RegExp; readonly methods: Set<string> }
  >();
  server.addHook('onRoute', ({ url, method }) => {
    const known = methodsByUrl.get(url) ?? { pattern: patternOf(url), methods: new Set<string>() };
    for (const each of Array.isArray(method) ? method : [method]) known.methods.add(each);
    methodsByUrl.set(url, known);
  });
  server.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0] as string;
    const allowed = new Set<string>();
    for (const { pattern, methods } of methodsByUrl.values()) {
      if (pattern.test(path)) for (const method of methods) allowed.add(method);
    }
    if (allowed.size === 0) return sendProblem(request, reply, problem('ROUTE_UNKNOWN'));
    const list = [...allowed].sort();
    reply.header('allow', list.join(', '));
    return sendProblem(request, reply, problem('METHOD_NOT_ALLOWED', undefined, { allow: list }));
  });
}

/** Matches the paths of a route: a parameter is one segment, `*` is the rest. */
function patternOf(url: string): RegExp {
  const segments = url.split('/').map((segment) => {
    if (segment.startsWith(':')) return '[^/]+';
    return segment === '*' ? '.*' : segment.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${segments.join('/')}$`);
}
